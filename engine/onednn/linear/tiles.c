/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products of tiles of bf16. Weights become bf16 on their way from the panels,
 * a group of columns at a time, while the processor still multiplies those of
 * the group before. What is behind the last bit of a bf16 is cut off, which is
 * made up for by numbers that are a little too large: on the average by half of
 * what that bit stands for. */

#include "kernels.h"
#include "onednn/simd/tiles.h"

#ifdef ALEXNET_CPU_X86

#include <immintrin.h>

#define TARGET                                          \
  __attribute__ ((target ("avx2,fma,f16c,avx512f,"      \
                          "avx512bw,avx512dq,avx512vl," \
                          "avx512vbmi,avx512bf16,"      \
                          "amx-tile,amx-bf16")))
#define INLINE TARGET static inline __attribute__ ((always_inline))

#define BLOCKS (LINEAR_GROUP / LINEAR_BLOCK)
#define LANES 16 /* rows of a tile of weights */
#define PAIRS (LINEAR_GROUP / 2)
#define STEPS 4 /* products of a group */
#define LINE 64
#define SUMS_STRIDE (LINEAR_SLICE * sizeof (float))
#define TOO_LARGE (1 + 0x1.6p-9f)

/* A byte 0xuu in 0x4700uu00 makes a float of 2^15 + uu. */
#define MAGIC 0x47000000
#define MAGIC_OFFSET (0x1p15f + 128)

/* A group of columns: tiles of [PAIRS][LANES] pairs of bf16. */
typedef struct {
  guint16 pairs[LINEAR_SLICE / LANES][PAIRS][2 * LANES];
} __attribute__ ((aligned (64))) Group;

/* What is multiplied at once: some rows of a span, a tile of inputs or two. */
typedef struct {
  const OnednnSpan *span;
  OnednnStorage storage;
  gsize row;            /* the first one */
  const guint8 *column; /* the first one, from that row on */
  gssize ahead;         /* bytes to what is fetched */
  gssize scales_ahead;  /* numbers to scales that are */
  gsize size;           /* bytes of a weight */
  guint n_tiles;        /* of rows */
  guint n, inputs;      /* of a tile; all */
  const guint16 *in;    /* of the first group */
} Part;

/* What is fetched is what the next slice has of the same column, or behind the
 * last one the next call of its column: so many columns at once are more than a
 * processor looks ahead in by itself. */
INLINE void
set_rows (Part *part, gsize row, gsize rows, guint n_tiles)
{
  const OnednnSpan *span = part->span;
  gsize n_columns = span->n_blocks * LINEAR_BLOCK;
  gsize n_groups = n_columns / LINEAR_GROUP;
  gsize back = rows - LINEAR_SLICE;
  gboolean last = span->n_listed < 2 * n_columns;

  part->row = row;
  part->column = span->weights + span->columns[0] * span->stride +
      row * part->size;
  if (row + LINEAR_SLICE < rows) {
    part->ahead = (gssize) (LINEAR_SLICE * part->size);
    part->scales_ahead = LINEAR_SLICE;
  } else if (last) {
    part->ahead = part->scales_ahead = 0;
  } else {
    part->ahead = (gssize) (n_columns * span->stride - back * part->size);
    part->scales_ahead = (gssize) (n_groups * span->scales_stride - back);
  }
  part->n_tiles = n_tiles;
}

/* ---- weights ------------------------------------------------------------- */

/* Of one group and of up to LINEAR_SLICE rows. */
typedef struct {
  __m512 factors[LINEAR_SLICE / LANES], offsets[LINEAR_SLICE / LANES];
} Scales;

INLINE Scales
load_scales (const Part *part, guint g)
{
  const guint16 *scales = part->span->scales + g * part->span->scales_stride +
      part->row;
  Scales loaded = { { { 0 } }, { { 0 } } };

  if (part->storage != LINEAR_S8)
    return loaded;

#pragma GCC unroll 4
  for (guint v = 0; v < part->n_tiles; v++) {
    __m256i bits = _mm256_loadu_si256 ((const __m256i *) (scales + v * LANES));
    __m512 scale =
        _mm512_castsi512_ps (_mm512_slli_epi32 (_mm512_cvtepu16_epi32 (bits),
            16));

    if (v % 2 == 0)
      __builtin_prefetch (scales + part->scales_ahead + v * LANES, 0, 2);
    loaded.factors[v] = _mm512_mul_ps (scale, _mm512_set1_ps (TOO_LARGE));
    loaded.offsets[v] = _mm512_mul_ps (loaded.factors[v],
        _mm512_set1_ps (-MAGIC_OFFSET));
  }
  return loaded;
}

/* Bytes of LANES rows from `v` * LANES on, to the second byte of each lane. */
INLINE __m512i
find_places (guint v)
{
  const __m512i first = _mm512_set_epi32 (0xf00, 0xe00, 0xd00, 0xc00, 0xb00,
      0xa00, 0x900, 0x800, 0x700, 0x600, 0x500, 0x400, 0x300, 0x200, 0x100, 0);

  return _mm512_add_epi32 (first, _mm512_set1_epi32 ((gint) (v * LANES) << 8));
}

INLINE __m512
spread (__m512i column, guint v, const Scales *scales)
{
  __m512i number = _mm512_mask_permutexvar_epi8 (_mm512_set1_epi32 (MAGIC),
      0x2222222222222222, find_places (v), column);

  return _mm512_fmadd_ps (_mm512_castsi512_ps (number), scales->factors[v],
      scales->offsets[v]);
}

/* The upper halves of both. */
INLINE void
store_pair (guint16 *out, __m512 a, __m512 b)
{
  __m512i low = _mm512_srli_epi32 (_mm512_castps_si512 (a), 16);

  _mm512_store_si512 (out,
      _mm512_ternarylogic_epi32 (low, _mm512_castps_si512 (b),
          _mm512_set1_epi32 ((gint) 0xffff0000), 0xf8));
}

INLINE __m512i
load_bytes (const guint8 *column, guint n_tiles)
{
  const __m512i sign = _mm512_set1_epi8 (-128);
  __m512i bytes = n_tiles * LANES == LINE
      ? _mm512_loadu_si512 (column)
      : _mm512_castsi256_si512 (_mm256_loadu_si256 ((const __m256i *) column));

  return _mm512_xor_si512 (bytes, sign);
}

INLINE __m512
load_halves (const guint8 *column, guint v)
{
  __m256i halves = _mm256_loadu_si256 ((const __m256i *) column + v);

  return _mm512_mul_ps (_mm512_cvtph_ps (halves), _mm512_set1_ps (TOO_LARGE));
}

/* A column, of which what comes is fetched. */
INLINE void
fetch_ahead (const Part *part, const guint8 *column)
{
  for (gsize i = 0; i < part->n_tiles * LANES * part->size; i += LINE)
    __builtin_prefetch (column + part->ahead + i, 0, 2);
}

/* Some pairs of columns of group `g`. */
INLINE void
load_pairs (Group *group, const Part *part, const Scales *scales, guint g,
    guint first)
{
  const guint8 *a = part->column +
      (g * LINEAR_GROUP + 2 * first) * part->span->stride;

#pragma GCC unroll 4
  for (guint p = first; p < first + PAIRS / STEPS; p++) {
    const guint8 *b = a + part->span->stride;
    __m512i a_bytes = _mm512_setzero_si512 (), b_bytes = a_bytes;

    fetch_ahead (part, a);
    fetch_ahead (part, b);
    if (part->storage == LINEAR_S8) {
      a_bytes = load_bytes (a, part->n_tiles);
      b_bytes = load_bytes (b, part->n_tiles);
    }
#pragma GCC unroll 4
    for (guint v = 0; v < part->n_tiles; v++) {
      if (part->storage == LINEAR_S8)
        store_pair (group->pairs[v][p], spread (a_bytes, v, scales),
            spread (b_bytes, v, scales));
      else
        store_pair (group->pairs[v][p], load_halves (a, v), load_halves (b, v));
    }
    a = b + part->span->stride;
  }
}

/* ---- products ------------------------------------------------------------ */

/* Of four tiles of rows and one of inputs. */
INLINE void
multiply_one (guint step, const Group *group, const guint16 *in)
{
  switch (step) {
    case 0:
      _tile_loadd (4, in, LINE);
      _tile_loadd (6, group->pairs[0], LINE);
      _tile_dpbf16ps (0, 4, 6);
      break;
    case 1:
      _tile_loadd (7, group->pairs[1], LINE);
      _tile_dpbf16ps (1, 4, 7);
      break;
    case 2:
      _tile_loadd (6, group->pairs[2], LINE);
      _tile_dpbf16ps (2, 4, 6);
      break;
    default:
      _tile_loadd (7, group->pairs[3], LINE);
      _tile_dpbf16ps (3, 4, 7);
  }
}

/* Of two of each. */
INLINE void
multiply_two (guint step, const Group *group, const guint16 *in, guint n)
{
  switch (step) {
    case 0:
      _tile_loadd (4, in, LINE);
      _tile_loadd (6, group->pairs[0], LINE);
      _tile_dpbf16ps (0, 4, 6);
      break;
    case 1:
      _tile_loadd (7, group->pairs[1], LINE);
      _tile_dpbf16ps (1, 4, 7);
      break;
    case 2:
      _tile_loadd (5, in + n * LINEAR_GROUP, LINE);
      _tile_dpbf16ps (2, 5, 6);
      break;
    default:
      _tile_dpbf16ps (3, 5, 7);
  }
}

INLINE void
multiply_step (guint step, const Group *group, const Part *part, guint g)
{
  const guint16 *in = part->in + (gsize) g * part->inputs * LINEAR_GROUP;

  if (part->n_tiles == 4)
    multiply_one (step, group, in);
  else
    multiply_two (step, group, in, part->n);
}

/* All groups, to the sums in tiles. */
INLINE void
multiply_groups (const Part *part)
{
  guint n = part->span->n_blocks / BLOCKS;
  Group groups[2];

  for (guint g = 0; g < n; g++) {
    Group *group = &groups[g % 2];
    Scales scales = load_scales (part, g);

#pragma GCC unroll 4
    for (guint step = 0; step < STEPS; step++) {
      load_pairs (group, part, &scales, g, step * PAIRS / STEPS);
      if (g > 0)
        multiply_step (step, &groups[(g - 1) % 2], part, g - 1);
    }
    __asm__ volatile("" : : "r"(groups) : "memory");
  }
#pragma GCC unroll 4
  for (guint step = 0; step < STEPS; step++)
    multiply_step (step, &groups[(n - 1) % 2], part, n - 1);
}

/* sums of four tiles of rows and one of inputs. */
INLINE void
add_one (float *sums, const Part *part)
{
  _tile_loadd (0, sums, SUMS_STRIDE);
  _tile_loadd (1, sums + LANES, SUMS_STRIDE);
  _tile_loadd (2, sums + 2 * LANES, SUMS_STRIDE);
  _tile_loadd (3, sums + 3 * LANES, SUMS_STRIDE);
  multiply_groups (part);
  _tile_stored (0, sums, SUMS_STRIDE);
  _tile_stored (1, sums + LANES, SUMS_STRIDE);
  _tile_stored (2, sums + 2 * LANES, SUMS_STRIDE);
  _tile_stored (3, sums + 3 * LANES, SUMS_STRIDE);
}

/* sums of two of each. */
INLINE void
add_two (float *sums, const Part *part)
{
  float *more = sums + part->n * LINEAR_SLICE;

  _tile_loadd (0, sums, SUMS_STRIDE);
  _tile_loadd (1, sums + LANES, SUMS_STRIDE);
  _tile_loadd (2, more, SUMS_STRIDE);
  _tile_loadd (3, more + LANES, SUMS_STRIDE);
  multiply_groups (part);
  _tile_stored (0, sums, SUMS_STRIDE);
  _tile_stored (1, sums + LANES, SUMS_STRIDE);
  _tile_stored (2, more, SUMS_STRIDE);
  _tile_stored (3, more + LANES, SUMS_STRIDE);
}

INLINE void
multiply (float *sums, const OnednnSpan *span, gsize rows, guint inputs,
    OnednnStorage storage)
{
  Part part = { .span = span,
    .storage = storage,
    .size = storage == LINEAR_S8 ? 1 : 2,
    .n = inputs / alexnet_onednn_linear_tiles_count (inputs),
    .inputs = inputs };

  alexnet_onednn_tiles_configure (part.n, TILE_BYTES);
  for (gsize r = 0; r < rows; r += LINEAR_SLICE)
    for (guint i = 0; i < inputs; i += 2 * part.n) {
      float *to = sums + r * inputs + i * LINEAR_SLICE;

      part.in = (const guint16 *) span->in + i * LINEAR_GROUP;
      if (i + part.n < inputs) {
        set_rows (&part, r, rows, 2);
        add_two (to, &part);
        set_rows (&part, r + 2 * LANES, rows, 2);
        add_two (to + 2 * LANES, &part);
      } else {
        set_rows (&part, r, rows, 4);
        add_one (to, &part);
      }
    }
  _tile_release ();
  __asm__ volatile("" : : "r"(sums) : "memory");
}

TARGET void
alexnet_onednn_linear_tiles_s8_amx (float *sums, const OnednnSpan *span,
    gsize rows, guint inputs)
{
  multiply (sums, span, rows, inputs, LINEAR_S8);
}

TARGET void
alexnet_onednn_linear_tiles_f16_amx (float *sums, const OnednnSpan *span,
    gsize rows, guint inputs)
{
  multiply (sums, span, rows, inputs, LINEAR_F16);
}

/* ---- inputs -------------------------------------------------------------- */

INLINE __m512
load_some (const float *in, gsize n)
{
  return _mm512_maskz_loadu_ps (n < LANES ? (__mmask16) ((1u << n) - 1)
                                          : (__mmask16) G_MAXUINT16,
      in);
}

TARGET void
alexnet_onednn_linear_tiles_in_amx (guint16 *out, gsize stride, const float *in,
    gsize n)
{
  for (; n > 0; in += LINEAR_GROUP, out += stride) {
    __m512 low = load_some (in, n), high;

    n -= MIN (n, LANES);
    high = load_some (in + LANES, n);
    n -= MIN (n, LANES);
    _mm512_storeu_si512 (out, (__m512i) _mm512_cvtne2ps_pbh (high, low));
  }
}

#endif /* ALEXNET_CPU_X86 */
