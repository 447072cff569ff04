/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Caffe's batch normalisation is of two layers: BatchNorm, which has sums of
 * means and variances and how many they are of, and Scale. In front of all
 * others they take the place of a mean that is subtracted from the pixels. */

#include "private.h"

#include <math.h>

#include "formats/chain.h"

/* Of blob `i`, which is `what` of the layer. */
static gboolean
read_numbers (CaffeReader *net, const CaffeLayer *layer, guint i,
    const char *what, double *out, guint n, GError **error)
{
  AlexnetTensor tensor = { .n_dims = 1 };
  g_autofree float *floats = NULL;

  if (!alexnet_caffe_read_layer_blob (net, &tensor, layer, i, what, error))
    return FALSE;
  if (tensor.dims[0] != n)
    return alexnet_format_error (error,
        "its %s has %" G_GSIZE_FORMAT " numbers, expected %u", what,
        tensor.dims[0], n);
  floats = g_new (float, n);
  if (!alexnet_tensor_to_float (floats, &tensor, error))
    return FALSE;
  for (guint c = 0; c < n; c++)
    out[c] = floats[c];
  return TRUE;
}

/* Says of how many channels the layer is, which has so many blobs; the first
 * one is `what` of it. */
static gboolean
start (CaffeReader *net, const CaffeLayer *layer, guint n_blobs,
    const char *what, guint *n, GError **error)
{
  AlexnetTensor first = { .n_dims = 1 };

  if (!alexnet_caffe_count_blobs (layer, n_blobs, error) ||
      !alexnet_caffe_read_layer_blob (net, &first, layer, 0, what, error) ||
      !alexnet_caffe_check_chain (net, layer, error) ||
      !alexnet_caffe_begin (net, first.dims[0], error))
    return FALSE;
  *n = alexnet_chain_output (net->source)->channels;
  return alexnet_affine_allow (&net->affine, net->source, *n, error);
}

static gboolean
check_finite (const double *scale, const double *shift, guint n, GError **error)
{
  for (guint c = 0; c < n; c++)
    if (!isfinite (scale[c]) || !isfinite (shift[c]))
      return alexnet_format_error (error,
          "channel %u is multiplied by %g and %g is added, expected finite "
          "numbers",
          c, scale[c], shift[c]);
  return TRUE;
}

static gboolean
change (CaffeReader *net, const CaffeLayer *layer, guint n, double *scale,
    double *shift, GError **error)
{
  const AlexnetLayer *last = alexnet_chain_last (net->source);
  gboolean flat = last && last->kind == ALEXNET_LAYER_LINEAR;

  if (!check_finite (scale, shift, n, error))
    return FALSE;
  if (!last && !net->pixels.known)
    net->pixels = (CaffePixels){ .known = TRUE, .scale = 1, .has_mean = TRUE };
  if (!alexnet_affine_is_behind_weights (&net->affine, net->source, flat))
    alexnet_affine_then (&net->affine, n, scale, shift);
  else if (!alexnet_affine_fold_outputs (&net->affine, net->source, scale,
               shift, error))
    return FALSE;
  alexnet_chain_set (net->current, layer->top->pdata[0]);
  return TRUE;
}

/* use_global_stats tells how the net was trained; who uses it has no others. */
gboolean
alexnet_caffe_read_batch_norm (CaffeReader *net, const CaffeLayer *layer,
    GError **error)
{
  double count = 0;
  g_autofree double *mean = NULL, *variance = NULL;
  guint n = 0;

  if (!start (net, layer, 3, "mean", &n, error))
    return FALSE;
  mean = g_new (double, n);
  variance = g_new (double, n);
  if (!read_numbers (net, layer, 0, "mean", mean, n, error) ||
      !read_numbers (net, layer, 1, "variance", variance, n, error) ||
      !read_numbers (net, layer, 2, "number of both", &count, 1, error))
    return FALSE;
  for (guint c = 0; c < n; c++) {
    double factor = count == 0 ? 0 : 1 / count;

    variance[c] = 1 / sqrt (variance[c] * factor + layer->batch_norm.eps);
    mean[c] = -mean[c] * factor * variance[c];
  }
  return change (net, layer, n, variance, mean, error);
}

gboolean
alexnet_caffe_read_scale (CaffeReader *net, const CaffeLayer *layer,
    GError **error)
{
  gboolean bias = layer->scale.bias_term != 0;
  g_autofree double *scale = NULL, *shift = NULL;
  guint n = 0;

  if (layer->scale.axis != 1 || layer->scale.num_axes != 1)
    return alexnet_format_error (error,
        "it is of %" G_GINT64_FORMAT " axes from %" G_GINT64_FORMAT
        " on, expected 1 from 1 on",
        layer->scale.num_axes, layer->scale.axis);
  if (!start (net, layer, bias ? 2 : 1, "scale", &n, error))
    return FALSE;
  scale = g_new (double, n);
  shift = g_new0 (double, n);
  return read_numbers (net, layer, 0, "scale", scale, n, error) &&
      (!bias || read_numbers (net, layer, 1, "bias", shift, n, error)) &&
      change (net, layer, n, scale, shift, error);
}
