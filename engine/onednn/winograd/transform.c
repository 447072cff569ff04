/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "transform.h"

#include <string.h>

#include "onednn/simd/simd.h"
#include "tables.h"

#define LANES 16
#define MAX_TILE WINOGRAD_MAX_TILE

/* With constant arguments the loops below become straight lines of additions
 * and multiplications, without those of zeros and by one. */
#define UNROLL _Pragma ("GCC unroll 8")

/* The compiler makes as many registers of one as the instruction set needs. */
typedef float Vector
    __attribute__ ((vector_size (LANES * sizeof (float)), aligned (4)));
typedef gint32 Mask
    __attribute__ ((vector_size (LANES * sizeof (gint32)), aligned (4)));

SIMD_INLINE void
load (Vector *v, const float *in)
{
  memcpy (v, in, sizeof *v);
}

SIMD_INLINE void
store (float *out, const Vector *v)
{
  memcpy (out, v, sizeof *v);
}

/* Row `row` of matrix [..][n] times v [n]. */
SIMD_INLINE void
dot (Vector *out, const float *matrix, guint row, guint n, const Vector *v)
{
  Vector sum = { 0 };

  UNROLL
  for (guint j = 0; j < n; j++) {
    float factor = matrix[row * n + j];

    if (factor == 1)
      sum += v[j];
    else if (factor == -1)
      sum -= v[j];
    else if (factor != 0)
      sum += factor * v[j];
  }
  *out = sum;
}

/* LANES channels from c on. */
SIMD_INLINE void
input_lanes (const float *matrix, guint n, float *out, gsize plane,
    const float *const *pixels, gsize c)
{
  Vector columns[MAX_TILE * MAX_TILE]; /* [column][row] */
  Vector v[MAX_TILE], sum;

  for (guint i = 0; i < n; i++) {
    UNROLL
    for (guint j = 0; j < n; j++)
      load (&v[j], pixels[i * n + j] + c);
    UNROLL
    for (guint k = 0; k < n; k++)
      dot (&columns[k * n + i], matrix, k, n, v);
  }
  for (guint k = 0; k < n; k++) {
    UNROLL
    for (guint i = 0; i < n; i++)
      v[i] = columns[k * n + i];
    UNROLL
    for (guint l = 0; l < n; l++) {
      dot (&sum, matrix, l, n, v);
      store (out + (l * n + k) * plane + c, &sum);
    }
  }
}

SIMD_INLINE void
input_channels (const float *matrix, guint n, float *out, gsize plane,
    const float *const *pixels, gsize channels)
{
  for (gsize c = 0; c < channels; c += LANES)
    input_lanes (matrix, n, out, plane, pixels, c);
}

SIMD_INLINE void
input_any (WinogradTile tile, float *out, gsize plane,
    const float *const *pixels, gsize channels)
{
  switch (alexnet_winograd_forms[tile].tile) {
    case 6:
      input_channels (input_6[0], 6, out, plane, pixels, channels);
      break;
    case 7:
      input_channels (input_7[0], 7, out, plane, pixels, channels);
      break;
    default:
      input_channels (input_8[0], 8, out, plane, pixels, channels);
  }
}

/* NaN stays NaN. */
SIMD_INLINE void
rectify (Vector *v)
{
  Mask below = *v < 0;

  *v = (Vector) ((Mask) *v & ~below);
}

SIMD_INLINE void
output_lanes (const float *matrix, guint m, guint n, float *const *pixels,
    const float *in, gsize plane, const float *bias, gboolean relu, gsize c)
{
  Vector rows[MAX_TILE * MAX_TILE]; /* [row][column], m rows */
  Vector v[MAX_TILE], offset, sum;

  load (&offset, bias + c);
  for (guint k = 0; k < n; k++) {
    UNROLL
    for (guint l = 0; l < n; l++)
      load (&v[l], in + (l * n + k) * plane + c);
    UNROLL
    for (guint i = 0; i < m; i++)
      dot (&rows[i * n + k], matrix, i, n, v);
  }
  for (guint i = 0; i < m; i++) {
    UNROLL
    for (guint k = 0; k < n; k++)
      v[k] = rows[i * n + k];
    UNROLL
    for (guint j = 0; j < m; j++) {
      if (!pixels[i * m + j])
        continue;
      dot (&sum, matrix, j, n, v);
      sum += offset;
      if (relu)
        rectify (&sum);
      store (pixels[i * m + j] + c, &sum);
    }
  }
}

SIMD_INLINE void
output_channels (const float *matrix, guint m, guint n, float *const *pixels,
    const float *in, gsize plane, const float *bias, gboolean relu,
    gsize channels)
{
  for (gsize c = 0; c < channels; c += LANES)
    output_lanes (matrix, m, n, pixels, in, plane, bias, relu, c);
}

#define OUTPUT_CASE(m, r, n)                                                   \
  case WINOGRAD_##m##_##r:                                                     \
    output_channels (output_##m##_##r[0], m, n, pixels, in, plane, bias, relu, \
        channels);                                                             \
    break

SIMD_INLINE void
output_any (WinogradTile tile, float *const *pixels, const float *in,
    gsize plane, const float *bias, gboolean relu, gsize channels)
{
  switch (tile) {
    OUTPUT_CASE (4, 3, 6);
    OUTPUT_CASE (5, 3, 7);
    OUTPUT_CASE (6, 3, 8);
    OUTPUT_CASE (2, 5, 6);
    OUTPUT_CASE (3, 5, 7);
    OUTPUT_CASE (4, 5, 8);
    default:
      g_assert_not_reached ();
  }
}

/* `channels` is a multiple of LANES here and in output_whole(). */
static void
input_whole (WinogradTile tile, float *out, gsize plane,
    const float *const *pixels, gsize channels)
{
  input_any (tile, out, plane, pixels, channels);
}

static void
output_whole (WinogradTile tile, float *const *pixels, const float *in,
    gsize plane, const float *bias, gboolean relu, gsize channels)
{
  output_any (tile, pixels, in, plane, bias, relu, channels);
}

/* Fewer than LANES channels from `first` on, by way of whole vectors. */
static void
input_rest (WinogradTile tile, float *out, gsize plane,
    const float *const *pixels, gsize first, gsize n)
{
  float from[MAX_TILE * MAX_TILE][LANES] = { 0 };
  float to[MAX_TILE * MAX_TILE][LANES];
  const float *places[MAX_TILE * MAX_TILE] = { 0 };
  guint side = alexnet_winograd_forms[tile].tile;

  for (guint i = 0; i < side * side; i++) {
    memcpy (from[i], pixels[i] + first, n * sizeof (float));
    places[i] = from[i];
  }
  input_whole (tile, to[0], LANES, places, LANES);
  for (guint k = 0; k < side * side; k++)
    memcpy (out + k * plane + first, to[k], n * sizeof (float));
}

static void
output_rest (WinogradTile tile, float *const *pixels, const float *in,
    gsize plane, const float *bias, gboolean relu, gsize first, gsize n)
{
  const WinogradForm *form = &alexnet_winograd_forms[tile];
  float from[MAX_TILE * MAX_TILE][LANES] = { 0 }, offset[LANES] = { 0 };
  float to[MAX_TILE * MAX_TILE][LANES];
  float *places[MAX_TILE * MAX_TILE] = { 0 };

  for (guint k = 0; k < form->tile * form->tile; k++)
    memcpy (from[k], in + k * plane + first, n * sizeof (float));
  memcpy (offset, bias + first, n * sizeof (float));
  for (guint i = 0; i < form->output * form->output; i++)
    places[i] = to[i];
  output_whole (tile, places, from[0], LANES, offset, relu, LANES);
  for (guint i = 0; i < form->output * form->output; i++)
    if (pixels[i])
      memcpy (pixels[i] + first, to[i], n * sizeof (float));
}

void
SIMD_NAME (alexnet_onednn_winograd_input) (WinogradTile tile, float *out,
    gsize plane, const float *const *pixels, gsize channels)
{
  gsize rest = channels % LANES, whole = channels - rest;

  input_whole (tile, out, plane, pixels, whole);
  if (rest > 0)
    input_rest (tile, out, plane, pixels, whole, rest);
}

void
SIMD_NAME (alexnet_onednn_winograd_output) (WinogradTile tile,
    float *const *pixels, const float *in, gsize plane, const float *bias,
    gboolean relu, gsize channels)
{
  gsize rest = channels % LANES, whole = channels - rest;

  output_whole (tile, pixels, in, plane, bias, relu, whole);
  if (rest > 0)
    output_rest (tile, pixels, in, plane, bias, relu, whole, rest);
}
