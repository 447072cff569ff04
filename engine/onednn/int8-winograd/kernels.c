/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernels.h"

#include "tables.h"
#include "onednn/simd/simd.h"

#define BYTES INT8_WINOGRAD_LEAST_INPUTS
#define MAX_TILE INT8_WINOGRAD_MAX_TILE
#define MAX_ROWS INT8_WINOGRAD_MAX_ROWS
#define POINTS INT8_WINOGRAD_POINTS
#define OUTPUT INT8_WINOGRAD_OUTPUT

/* The compiler makes as many registers of one as the instruction set needs. */
typedef guint8 Unsigned __attribute__ ((vector_size (BYTES), aligned (1)));
typedef gint8 Signed __attribute__ ((vector_size (BYTES), aligned (1)));
typedef gint16 Words __attribute__ ((vector_size (2 * BYTES)));

/* With constant matrices the loops below become straight lines of additions,
 * without those of zeros. */
#define UNROLL _Pragma ("GCC unroll 8")

SIMD_INLINE void
load_words (Words *v, const void *in, gboolean is_signed)
{
  *v = is_signed ? __builtin_convertvector(*(const Signed *) in, Words)
                 : __builtin_convertvector(*(const Unsigned *) in, Words);
}

/* Row `row` of matrix [..][n] times v [n]. */
SIMD_INLINE void
dot (Words *out, const gint16 *matrix, guint row, guint n, const Words *v)
{
  Words sum = { 0 };

  UNROLL
  for (guint j = 0; j < n; j++) {
    gint16 factor = matrix[row * n + j];

    if (factor == 1)
      sum += v[j];
    else if (factor == -1)
      sum -= v[j];
    else if (factor == 2)
      sum += v[j] + v[j];
  }
  *out = sum;
}

/* A quarter; half becomes odd. */
SIMD_INLINE void
store_quarters (guint8 *out, const Words *v, gint16 offset)
{
  const gint16 half = INT8_WINOGRAD_STEP / 2;
  Words odd = (*v >> 2) & 1;
  Words quarter = (*v - odd + (gint16) (half + INT8_WINOGRAD_STEP * offset)) >>
      2;

  *(Unsigned *) out = __builtin_convertvector(quarter, Unsigned);
}

SIMD_INLINE gint16
find_offset (guint row, guint column, gboolean is_signed)
{
  return is_signed || int8_points[row] != INT8_POINT_OF_SUMS ||
          int8_points[column] != INT8_POINT_OF_SUMS
      ? INT8_WINOGRAD_OFFSET
      : 0;
}

/* BYTES channels from c on. */
SIMD_INLINE void
input_bytes (const gint16 *matrix, guint rows, guint n, guint8 *const *out,
    const void *const *pixels, gboolean is_signed, gsize c)
{
  Words columns[MAX_ROWS * MAX_TILE]; /* [column][row of pixels] */
  Words v[MAX_TILE], sum;

  for (guint i = 0; i < n; i++) {
    UNROLL
    for (guint j = 0; j < n; j++)
      load_words (&v[j], (const guint8 *) pixels[i * n + j] + c, is_signed);
    UNROLL
    for (guint k = 0; k < rows; k++)
      dot (&columns[k * n + i], matrix, k, n, v);
  }
  UNROLL
  for (guint k = 0; k < rows; k++) {
    UNROLL
    for (guint l = 0; l < rows; l++) {
      dot (&sum, matrix, l, n, columns + k * n);
      store_quarters (out[l * rows + k] + c, &sum,
          find_offset (l, k, is_signed));
    }
  }
}

SIMD_INLINE void
input_form (Int8WinogradForm form, guint8 *const *out,
    const void *const *pixels, gboolean is_signed, gsize c)
{
  if (form == INT8_WINOGRAD_3)
    input_bytes (int8_input_3[0], 4, 4, out, pixels, is_signed, c);
  else
    input_bytes (int8_input_5[0], 7, 6, out, pixels, is_signed, c);
}

SIMD_INLINE void
input_any (Int8WinogradForm form, guint8 *const *out, const void *const *pixels,
    gboolean is_signed, gsize c)
{
  if (is_signed)
    input_form (form, out, pixels, TRUE, c);
  else
    input_form (form, out, pixels, FALSE, c);
}

/* The last vector begins where it ends with the last channel. */
void
SIMD_NAME (alexnet_onednn_int8_winograd_input) (Int8WinogradForm form,
    guint8 *const *out, const void *const *pixels, gboolean is_signed,
    gsize channels)
{
  for (gsize c = 0; c < channels; c += BYTES)
    input_any (form, out, pixels, is_signed, MIN (c, channels - BYTES));
}

/* Sums of channel c on, as what they stand for. */
SIMD_INLINE Simd
load_scaled (const Int8WinogradSums *sums, guint plane, gsize c)
{
  return simd_mul (simd_load_s32 (sums->in[plane] + c),
      simd_load (sums->scales + plane * sums->stride + c));
}

SIMD_INLINE void
store_result (void *place, Simd v, const Int8WinogradSums *sums, gsize c)
{
  v = simd_max (v, simd_all (sums->least));
  if (sums->bytes)
    simd_store_bytes ((guint8 *) place + c,
        simd_min (v, simd_all (sums->most)));
  else
    simd_store ((float *) place + c, v);
}

/* As int8_output has it. */
SIMD_INLINE void
output_pair (Simd *out, const Simd *v)
{
  out[0] = simd_add (v[0], simd_add (v[1], v[2]));
  out[1] = simd_add (v[3], simd_sub (v[1], v[2]));
}

/* SIMD_LANES channels from c on. */
SIMD_INLINE void
output_lanes (void *const *pixels, const Int8WinogradSums *sums, gsize c)
{
  Simd columns[POINTS][OUTPUT], v[POINTS], result[OUTPUT];

  UNROLL
  for (guint k = 0; k < POINTS; k++) {
    UNROLL
    for (guint l = 0; l < POINTS; l++)
      v[l] = load_scaled (sums, l * POINTS + k, c);
    output_pair (columns[k], v);
  }
  UNROLL
  for (guint i = 0; i < OUTPUT; i++) {
    UNROLL
    for (guint k = 0; k < POINTS; k++)
      v[k] = columns[k][i];
    output_pair (result, v);
    UNROLL
    for (guint j = 0; j < OUTPUT; j++) {
      guint k = i * OUTPUT + j;

      if (pixels[k])
        store_result (pixels[k],
            simd_add (result[j], simd_load (sums->bias + k * sums->stride + c)),
            sums, c);
    }
  }
}

void
SIMD_NAME (alexnet_onednn_int8_winograd_output) (void *const *pixels,
    const Int8WinogradSums *sums, gsize channels)
{
  for (gsize c = 0; c < channels; c += SIMD_LANES)
    output_lanes (pixels, sums, MIN (c, channels - SIMD_LANES));
}
