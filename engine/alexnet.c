/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "alexnet.h"

#include <string.h>

G_DEFINE_QUARK (alexnet-error-quark, alexnet_error)

const char *
alexnet_precision_name (AlexnetPrecision precision)
{
  static const char *const names[ALEXNET_N_PRECISIONS] = {
    [ALEXNET_PRECISION_AUTO] = "auto",
    [ALEXNET_PRECISION_FP32] = "fp32",
    [ALEXNET_PRECISION_TF32] = "tf32",
    [ALEXNET_PRECISION_FP16] = "fp16",
    [ALEXNET_PRECISION_BF16] = "bf16",
    [ALEXNET_PRECISION_INT8] = "int8",
  };

  g_return_val_if_fail ((guint) precision < ALEXNET_N_PRECISIONS, "auto");
  return names[precision];
}

const char *
alexnet_crop_mode_name (AlexnetCropMode mode)
{
  static const char *const names[ALEXNET_N_CROP_MODES] = {
    [ALEXNET_CROP_MODEL] = "model",
    [ALEXNET_CROP_CENTER] = "center-crop",
    [ALEXNET_CROP_SQUASH] = "squash",
    [ALEXNET_CROP_STRETCH] = "stretch",
    [ALEXNET_CROP_LETTERBOX] = "letterbox",
  };

  g_return_val_if_fail ((guint) mode < G_N_ELEMENTS (names), "model");
  return names[mode];
}

const char *
alexnet_interpolation_name (AlexnetInterpolation interpolation)
{
  static const char *const names[ALEXNET_N_INTERPOLATIONS] = {
    [ALEXNET_INTERPOLATION_MODEL] = "model",
    [ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS] = "bilinear-antialias",
    [ALEXNET_INTERPOLATION_BILINEAR] = "bilinear",
  };

  g_return_val_if_fail ((guint) interpolation < G_N_ELEMENTS (names), "model");
  return names[interpolation];
}

const char *
alexnet_channel_order_name (AlexnetChannelOrder order)
{
  static const char *const names[ALEXNET_N_CHANNEL_ORDERS] = {
    [ALEXNET_CHANNELS_MODEL] = "model",
    [ALEXNET_CHANNELS_RGB] = "RGB",
    [ALEXNET_CHANNELS_BGR] = "BGR",
  };

  g_return_val_if_fail ((guint) order < G_N_ELEMENTS (names), "model");
  return names[order];
}

guint
alexnet_top_k (const float *values, guint n, guint k, guint *indices)
{
  guint found = 0;

  for (guint i = 0; i < n; i++) {
    guint j = found;

    while (j > 0 && values[i] > values[indices[j - 1]])
      j--;
    if (j >= k)
      continue;
    if (found < k)
      found++;
    memmove (&indices[j + 1], &indices[j], (found - 1 - j) * sizeof *indices);
    indices[j] = i;
  }
  return found;
}
