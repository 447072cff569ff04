/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two tiles of places times two of filters at a time: four tiles of sums, and
 * as many loads as products. */

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

/* Of the places from `a` and from `b` on. */
INLINE void
multiply (Sums sums, const AmxPanel *panel, gsize a, gsize b, Numbers numbers)
{
  const guint8 *first = panel->in + a * panel->stride;
  const guint8 *second = panel->in + b * panel->stride;
  const guint8 *weights = panel->weights;
  gsize size = (gsize) panel->chunk * FILTERS;

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
  }
  _tile_stored (0, sums[0][0], TILE_BYTES);
  _tile_stored (1, sums[0][1], TILE_BYTES);
  _tile_stored (2, sums[1][0], TILE_BYTES);
  _tile_stored (3, sums[1][1], TILE_BYTES);
}

/* A tile of filters' own. */
typedef struct {
  __m512 scales, bias, least, most;
  __mmask16 mask;
  AmxResult type;
} Writer;

INLINE Writer
make_writer (const AmxPanel *panel, gsize first)
{
  gsize n = MIN (panel->n_filters - MIN (panel->n_filters, first), FILTERS);

  return (Writer){ _mm512_loadu_ps (panel->scales + first),
    _mm512_loadu_ps (panel->bias + first), _mm512_set1_ps (panel->least),
    _mm512_set1_ps (panel->most), (__mmask16) ((1u << n) - 1), panel->type };
}

/* Of two operands of which one is NaN, minimum and maximum are the second. */
INLINE void
write_result (const Writer *writer, void *out, gsize at, __m512 value)
{
  value = _mm512_fmadd_ps (value, writer->scales, writer->bias);
  if (writer->type == AMX_BYTE)
    value = _mm512_max_ps (value, writer->least);
  else
    value = _mm512_max_ps (writer->least, value);
  value = _mm512_min_ps (writer->most, value);
  if (writer->type == AMX_BYTE)
    _mm512_mask_cvtepi32_storeu_epi8 ((guint8 *) out + at, writer->mask,
        _mm512_cvtps_epi32 (value));
  else if (writer->type == AMX_FLOAT)
    _mm512_mask_storeu_ps ((float *) out + at, writer->mask, value);
  else
    _mm256_mask_storeu_epi16 ((guint16 *) out + at, writer->mask,
        (__m256i) _mm512_cvtneps_pbh (value));
}

/* The results of a tile of places, from `first` on. */
INLINE void
write_tile (const AmxPanel *panel, const Writer writers[2],
    gint32 sums[2][SUMS], gsize first, guint rows, Numbers numbers)
{
  for (guint r = 0; r < rows; r++) {
    gint32 at = panel->results[first + r];

    for (guint f = 0; f < 2 && at >= 0; f++) {
      __m512i sum = _mm512_load_si512 (sums[f] + r * FILTERS);
      __m512 value = numbers == BF16 ? _mm512_castsi512_ps (sum)
                                     : _mm512_cvtepi32_ps (sum);

      write_result (&writers[f], panel->out, (gsize) at + f * FILTERS, value);
    }
  }
}

/* Tiles have as many rows as divide the places most evenly; the last ones begin
 * early where they would reach beyond the end. */
INLINE void
convolve (const AmxPanel *panel, Numbers numbers)
{
  gsize n_pairs = (panel->n_places + 2 * AMX_ROWS - 1) / (2 * AMX_ROWS);
  gsize rows = (panel->n_places + 2 * n_pairs - 1) / (2 * n_pairs);
  gsize last = panel->n_places - rows;
  const Writer writers[] = { make_writer (panel, 0),
    make_writer (panel, FILTERS) };
  Sums sums __attribute__ ((aligned (TILE_BYTES)));

  alexnet_onednn_tiles_configure ((guint) rows, panel->chunk);
  for (gsize i = 0; i < n_pairs; i++) {
    gsize a = MIN (2 * i * rows, last), b = MIN (a + rows, last);

    multiply (sums, panel, a, b, numbers);
    write_tile (panel, writers, sums[0], a, (guint) rows, numbers);
    write_tile (panel, writers, sums[1], b, (guint) rows, numbers);
  }
  _tile_release ();
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
