/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "affine.h"

#include "chain.h"
#include "values.h"

void
alexnet_affine_clear (AlexnetAffine *affine)
{
  g_free (affine->scale);
  g_free (affine->shift);
  *affine = (AlexnetAffine){ .n_changed = affine->n_changed };
}

static guint64
count_bytes (const AlexnetModelSource *source)
{
  guint64 n = 0;

  for (guint i = 0; i < source->files->len; i++)
    n += alexnet_file_get_size (source->files->pdata[i]);
  return n;
}

gboolean
alexnet_affine_allow (AlexnetAffine *affine, const AlexnetModelSource *source,
    guint64 n, GError **error)
{
  affine->n_changed += n;
  return affine->n_changed <= count_bytes (source) ||
      alexnet_format_error (error,
          "more is to be folded into weights than the file has");
}

gboolean
alexnet_affine_is_behind_weights (const AlexnetAffine *affine,
    const AlexnetModelSource *source, gboolean flat)
{
  const AlexnetLayer *last = alexnet_chain_last (source);

  return affine->n == 0 && last &&
      last->kind == (flat ? ALEXNET_LAYER_LINEAR : ALEXNET_LAYER_CONV);
}

/* As many numbers of each channel as make `n`. */
static void
spread (AlexnetAffine *affine, guint n)
{
  AlexnetAffine wide = { n, g_new (double, n), g_new (double, n),
    affine->n_changed };
  guint each = affine->n > 0 ? n / affine->n : 0;

  for (guint i = 0; i < n; i++) {
    wide.scale[i] = each ? affine->scale[i / each] : 1;
    wide.shift[i] = each ? affine->shift[i / each] : 0;
  }
  alexnet_affine_clear (affine);
  *affine = wide;
}

void
alexnet_affine_then (AlexnetAffine *affine, guint n, const double *scale,
    const double *shift)
{
  if (affine->n < n)
    spread (affine, n);
  for (guint i = 0; i < n; i++) {
    double s = scale ? scale[i] : 1;

    affine->scale[i] *= s;
    affine->shift[i] = affine->shift[i] * s + (shift ? shift[i] : 0);
  }
}

static gboolean
has_shift (const AlexnetAffine *affine)
{
  for (guint i = 0; i < affine->n; i++)
    if (affine->shift[i] != 0)
      return TRUE;
  return FALSE;
}

static gboolean
keeps_order (const AlexnetAffine *affine)
{
  for (guint i = 0; i < affine->n; i++)
    if (!(affine->scale[i] > 0))
      return FALSE;
  return TRUE;
}

/* Whether a layer of these settings, were it the chain's next one, computes the
 * same from what waits: weights then take it up, others leave it waiting. */
static gboolean
passes (const AlexnetAffine *affine, const AlexnetModelSource *source,
    const AlexnetLayer *layer)
{
  if (affine->n == 0 || alexnet_layer_is_identity (layer) ||
      layer->kind == ALEXNET_LAYER_LINEAR)
    return TRUE;
  if (affine->n != alexnet_chain_output (source)->channels)
    return FALSE;
  if (layer->kind == ALEXNET_LAYER_CONV) /* zeros around it stay zeros */
    return (layer->padding == 0 && layer->end_padding == 0) ||
        !has_shift (affine);
  return layer->kind == ALEXNET_LAYER_MAXPOOL && keeps_order (affine);
}

static float *
read_values (const AlexnetTensor *tensor, GError **error)
{
  gsize n = alexnet_tensor_n_values (tensor);
  g_autofree float *values = g_try_new (float, n);

  if (!values) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "no memory for %" G_GSIZE_FORMAT " weights", n);
    return NULL;
  }
  return alexnet_tensor_to_float (values, tensor, error)
      ? g_steal_pointer (&values)
      : NULL;
}

static void
replace (AlexnetModelSource *source, AlexnetTensor *tensor, float **values)
{
  *tensor = alexnet_values_keep (source, g_steal_pointer (values), tensor->dims,
      tensor->n_dims);
}

/* A filter's weights, `each` of them for every number from the `first` on.
 * Returns what the shifts add to its outputs. */
static double
fold_row (const AlexnetAffine *affine, float *row, gsize n, guint first,
    gsize each)
{
  double sum = 0;

  for (gsize k = 0; k < n; k++) {
    gsize i = first + k / each;

    sum += row[k] * affine->shift[i];
    row[k] = (float) (row[k] * affine->scale[i]);
  }
  return sum;
}

/* By a change of its weights, and of its biases. */
static gboolean
allow_layer (AlexnetAffine *affine, const AlexnetModelSource *source,
    gboolean weights, GError **error)
{
  const AlexnetLayer *last = alexnet_chain_last (source);
  gsize n = weights ? alexnet_tensor_n_values (&last->weight) : 0;

  return alexnet_affine_allow (affine, source, last->channels + (guint64) n,
      error);
}

/* Makes the input of the chain's last layer, a CONV or LINEAR, that of what
 * waits, by changing its weights; nothing waits any longer. */
static gboolean
fold_input (AlexnetAffine *affine, AlexnetModelSource *source, GError **error)
{
  AlexnetLayer *layer = alexnet_chain_last (source);
  guint groups = layer->kind == ALEXNET_LAYER_CONV ? layer->groups : 1;
  gsize n = alexnet_tensor_n_values (&layer->weight) / layer->channels;
  g_autofree float *weight = allow_layer (affine, source, TRUE, error)
      ? read_values (&layer->weight, error)
      : NULL;
  g_autofree float *bias = weight ? read_values (&layer->bias, error) : NULL;

  if (!bias)
    return FALSE;
  for (guint o = 0; o < layer->channels; o++) {
    guint group = o / (layer->channels / groups);

    bias[o] = (float) (bias[o] +
        fold_row (affine, weight + o * n, n, affine->n / groups * group,
            n / (affine->n / groups)));
  }
  replace (source, &layer->weight, &weight);
  replace (source, &layer->bias, &bias);
  alexnet_affine_clear (affine);
  return TRUE;
}

static AlexnetTensor
keep_numbers (AlexnetModelSource *source, const double *numbers, gsize n,
    guint n_dims)
{
  gsize dims[] = { n, 1, 1, 1 };
  float *values = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    values[i] = (float) numbers[i];
  return alexnet_values_keep (source, values, dims, n_dims);
}

gboolean
alexnet_affine_settle (AlexnetAffine *affine, AlexnetModelSource *source,
    GError **error)
{
  AlexnetLayer layer;

  if (affine->n == 0)
    return TRUE;
  if (alexnet_network_last_linear (source->network) ||
      affine->n != alexnet_chain_output (source)->channels)
    return alexnet_format_error (error,
        "it follows products or sums with constants that no weights are right "
        "before, expected a linear layer, into whose weights those could be "
        "folded");
  layer = (AlexnetLayer){ .kind = ALEXNET_LAYER_CONV,
    .kernel = 1,
    .stride = 1,
    .groups = affine->n,
    .weight = keep_numbers (source, affine->scale, affine->n, 4),
    .bias = keep_numbers (source, affine->shift, affine->n, 1) };
  alexnet_affine_clear (affine);
  return alexnet_chain_add (source, &layer, error);
}

gboolean
alexnet_affine_add_layer (AlexnetAffine *affine, AlexnetModelSource *source,
    const AlexnetLayer *layer, GError **error)
{
  gboolean weights = layer->kind == ALEXNET_LAYER_CONV ||
      layer->kind == ALEXNET_LAYER_LINEAR;

  if (!passes (affine, source, layer) &&
      !alexnet_affine_settle (affine, source, error))
    return FALSE;
  return alexnet_chain_add (source, layer, error) &&
      (affine->n == 0 || !weights || fold_input (affine, source, error));
}

gboolean
alexnet_affine_fold_outputs (AlexnetAffine *affine, AlexnetModelSource *source,
    const double *scale, const double *shift, GError **error)
{
  AlexnetLayer *layer = alexnet_chain_last (source);
  gsize n = alexnet_tensor_n_values (&layer->weight) / layer->channels;
  g_autofree float *weight = NULL, *bias = NULL;

  if (!allow_layer (affine, source, scale != NULL, error) ||
      (scale && !(weight = read_values (&layer->weight, error))) ||
      !(bias = read_values (&layer->bias, error)))
    return FALSE;
  for (guint o = 0; o < layer->channels; o++) {
    double s = scale ? scale[o] : 1;

    for (gsize k = o * n; weight && k < (o + 1) * n; k++)
      weight[k] = (float) (weight[k] * s);
    bias[o] = (float) (bias[o] * s + (shift ? shift[o] : 0));
  }
  if (weight)
    replace (source, &layer->weight, &weight);
  replace (source, &layer->bias, &bias);
  return TRUE;
}
