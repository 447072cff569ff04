/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two tiles of places times two of filters at a time: four tiles of sums, and
 * as many loads as products. Between the products results of the pair of tiles
 * before are written, since a pair's own sums are ready long after the last of
 * them. */

#include "kernels.h"

#ifdef ALEXNET_CPU_X86

#include <immintrin.h>

#define TARGET                                            \
  __attribute__ ((target ("avx2,fma,avx512f,avx512bw,"    \
                          "avx512dq,avx512vl,avx512bf16," \
                          "amx-tile,amx-int8,amx-bf16")))
#define INLINE TARGET static inline __attribute__ ((always_inline))

#define FILTERS (AMX_PANEL / 2) /* of a tile: 32 bits of each in a row */
#define SUMS (AMX_ROWS * FILTERS)

/* What multiplies. */
typedef enum { U8, S8, BF16 } Numbers;

/* [2 tiles of places][2 tiles of filters][AMX_ROWS][FILTERS] of gint32 or
 * float. */
typedef gint32 Sums[2][2][SUMS];

#define MULTIPLY(sums, places, filters)       \
  G_STMT_START                                \
  {                                           \
    if (numbers == U8)                        \
      _tile_dpbusd (sums, places, filters);   \
    else if (numbers == S8)                   \
      _tile_dpbssd (sums, places, filters);   \
    else                                      \
      _tile_dpbf16ps (sums, places, filters); \
  }                                           \
  G_STMT_END

/* What is the same for all results of a panel. */
typedef struct {
  __m512 scales[2], bias[2], least, most;
  __mmask32 mask; /* of the filters that there are */
} Writer;

INLINE Writer
make_writer (const AmxPanel *panel)
{
  return (Writer){
    { _mm512_loadu_ps (panel->scales),
        _mm512_loadu_ps (panel->scales + FILTERS) },
    { _mm512_loadu_ps (panel->bias), _mm512_loadu_ps (panel->bias + FILTERS) },
    _mm512_set1_ps (panel->least),
    _mm512_set1_ps (panel->most),
    (__mmask32) (G_MAXUINT32 >> (AMX_PANEL - panel->n_filters)),
  };
}

/* Of two operands of which one is NaN, minimum and maximum are the second. */
INLINE __m512
find_result (const Writer *writer, const gint32 *sums, guint f, Numbers numbers,
    AmxResult type)
{
  __m512i sum = _mm512_load_si512 (sums);
  __m512 value = numbers == BF16 ? _mm512_castsi512_ps (sum)
                                 : _mm512_cvtepi32_ps (sum);

  value = _mm512_fmadd_ps (value, writer->scales[f], writer->bias[f]);
  value = type == AMX_BYTE ? _mm512_max_ps (value, writer->least)
                           : _mm512_max_ps (writer->least, value);
  return _mm512_min_ps (writer->most, value);
}

/* Of both tiles of filters. */
INLINE void
write_results (const Writer *writer, void *out, gsize at, __m512 low,
    __m512 high, AmxResult type)
{
  __m128i bytes[2];

  switch (type) {
    case AMX_BYTE:
      bytes[0] = _mm512_cvtepi32_epi8 (_mm512_cvtps_epi32 (low));
      bytes[1] = _mm512_cvtepi32_epi8 (_mm512_cvtps_epi32 (high));
      _mm256_mask_storeu_epi8 ((guint8 *) out + at, writer->mask,
          _mm256_set_m128i (bytes[1], bytes[0]));
      break;
    case AMX_FLOAT:
      _mm512_mask_storeu_ps ((float *) out + at, (__mmask16) writer->mask, low);
      _mm512_mask_storeu_ps ((float *) out + at + FILTERS,
          (__mmask16) (writer->mask >> FILTERS), high);
      break;
    default:
      _mm512_mask_storeu_epi16 ((guint16 *) out + at, writer->mask,
          (__m512i) _mm512_cvtne2ps_pbh (high, low));
  }
}

/* Results of a pair of tiles of places, of which some are written. */
typedef struct {
  Sums sums;
  gsize first[2]; /* places */
  guint rows;     /* of a tile */
  guint done;     /* of the rows of both */
} __attribute__ ((aligned (TILE_BYTES))) Pair;

INLINE void
write_rows (Pair *pair, const AmxPanel *panel, const Writer *writer, guint n,
    Numbers numbers, AmxResult type)
{
  for (guint end = MIN (pair->done + n, 2 * pair->rows); pair->done < end;
       pair->done++) {
    guint tile = pair->done >= pair->rows;
    guint row = pair->done - tile * pair->rows;
    gint32 at = panel->results[pair->first[tile] + row];
    gint32 (*sums)[SUMS] = pair->sums[tile];

    if (at >= 0)
      write_results (writer, panel->out, (gsize) at,
          find_result (writer, sums[0] + row * FILTERS, 0, numbers, type),
          find_result (writer, sums[1] + row * FILTERS, 1, numbers, type),
          type);
  }
}

/* `pair`, while `before` is written. */
INLINE void
multiply (Pair *pair, Pair *before, const AmxPanel *panel, const Writer *writer,
    Numbers numbers, AmxResult type)
{
  const guint8 *first = panel->in + pair->first[0] * panel->stride;
  const guint8 *second = panel->in + pair->first[1] * panel->stride;
  const guint8 *weights = panel->weights;
  gsize size = (gsize) panel->chunk * FILTERS;
  guint n = (guint) ((2 * before->rows + panel->n_steps - 1) / panel->n_steps);

  _tile_zero (0);
  _tile_zero (1);
  _tile_zero (2);
  _tile_zero (3);
  for (gsize s = 0; s < panel->n_steps; s++, weights += 2 * size) {
    _tile_loadd (4, first + panel->offsets[s], panel->stride);
    _tile_loadd (6, weights, TILE_BYTES);
    MULTIPLY (0, 4, 6);
    _tile_loadd (7, weights + size, TILE_BYTES);
    MULTIPLY (1, 4, 7);
    _tile_loadd (5, second + panel->offsets[s], panel->stride);
    MULTIPLY (2, 5, 6);
    MULTIPLY (3, 5, 7);
    write_rows (before, panel, writer, n, numbers, type);
  }
  _tile_stored (0, pair->sums[0][0], TILE_BYTES);
  _tile_stored (1, pair->sums[0][1], TILE_BYTES);
  _tile_stored (2, pair->sums[1][0], TILE_BYTES);
  _tile_stored (3, pair->sums[1][1], TILE_BYTES);
}

/* Tiles have as many rows as divide the places most evenly; the last ones begin
 * early where they would reach beyond the end. */
INLINE void
convolve_as (const AmxPanel *panel, Numbers numbers, AmxResult type)
{
  gsize n_pairs = (panel->n_places + 2 * AMX_ROWS - 1) / (2 * AMX_ROWS);
  gsize rows = (panel->n_places + 2 * n_pairs - 1) / (2 * n_pairs);
  gsize last = panel->n_places - rows;
  const Writer writer = make_writer (panel);
  Pair pairs[2];

  pairs[1].rows = pairs[1].done = 0;
  alexnet_onednn_tiles_configure ((guint) rows, panel->chunk);
  for (gsize i = 0; i < n_pairs; i++) {
    Pair *pair = &pairs[i % 2], *before = &pairs[(i + 1) % 2];

    pair->first[0] = MIN (2 * i * rows, last);
    pair->first[1] = MIN (pair->first[0] + rows, last);
    pair->rows = (guint) rows;
    pair->done = 0;
    multiply (pair, before, panel, &writer, numbers, type);
  }
  _tile_release ();
  write_rows (&pairs[(n_pairs + 1) % 2], panel, &writer, 2 * AMX_ROWS, numbers,
      type);
}

INLINE void
convolve (const AmxPanel *panel, Numbers numbers)
{
  switch (panel->type) {
    case AMX_BYTE:
      convolve_as (panel, numbers, AMX_BYTE);
      break;
    case AMX_FLOAT:
      convolve_as (panel, numbers, AMX_FLOAT);
      break;
    default:
      convolve_as (panel, numbers, AMX_BF16);
  }
}

TARGET void
alexnet_onednn_amx_u8_amx (const AmxPanel *panel)
{
  convolve (panel, U8);
}

TARGET void
alexnet_onednn_amx_s8_amx (const AmxPanel *panel)
{
  convolve (panel, S8);
}

TARGET void
alexnet_onednn_amx_bf16_amx (const AmxPanel *panel)
{
  convolve (panel, BF16);
}

#endif /* ALEXNET_CPU_X86 */
