/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "int8.h"

#include <math.h>

float
alexnet_int8_scale (const float *values, gsize n)
{
  float most = 0;

  for (gsize i = 0; i < n; i++) {
    if (!isfinite (values[i]))
      return NAN;
    most = fmaxf (most, fabsf (values[i]));
  }
  return most / G_MAXINT8;
}

void
alexnet_int8_quantize (gint8 *to, const float *values, gsize n, float scale)
{
  for (gsize i = 0; i < n; i++)
    to[i] = isnormal (scale)
        ? (gint8) CLAMP (rintf (values[i] / scale), -G_MAXINT8, G_MAXINT8)
        : 0;
}
