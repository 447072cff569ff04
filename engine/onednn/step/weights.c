/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "weights.h"

#include <stdlib.h>
#include <string.h>

#include "rows.h"

typedef struct {
  OnednnValues values;
  dnnl_memory_t memory;
  void *data;
} Weights;

/* out [K,C*B*B,R,R], in [K,C,S,S] with S <= R * B: tap (y, x) of channel c
 * becomes tap (y / B, x / B) of channel (c * B + y % B) * B + x % B. */
static void
space_to_depth_weights (float *out, const float *in, const gsize *dims,
    gsize block, gsize side)
{
  gsize channels = dims[1] * block * block;

  for (gsize k = 0; k < dims[0]; k++)
    for (gsize c = 0; c < dims[1]; c++)
      for (gsize y = 0; y < dims[2]; y++)
        for (gsize x = 0; x < dims[3]; x++) {
          gsize channel = (c * block + y % block) * block + x % block;

          out[((k * channels + channel) * side + y / block) * side +
              x / block] = *in++;
        }
}

float *
alexnet_onednn_floats_new (gsize n, GError **error)
{
  float *floats = g_try_new (float, n);

  if (!floats)
    alexnet_onednn_fail (error, "weights", dnnl_out_of_memory);
  return floats;
}

static gboolean
is_in_blocks (const OnednnContext *context, guint layer)
{
  return layer == 0 && context->block > 1;
}

gsize
alexnet_onednn_count_weights (const OnednnContext *context, guint index)
{
  const AlexnetLayer *layer = &context->network.layers[index];

  return is_in_blocks (context, index)
      ? (gsize) layer->channels * layer->in.channels * layer->kernel *
          layer->kernel
      : alexnet_tensor_n_values (&layer->weight);
}

gboolean
alexnet_onednn_layer_floats (const OnednnContext *context, guint index,
    guint key, void *out, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[index];
  const AlexnetTensor *weight = &layer->weight;
  g_autofree float *values = NULL;

  if (key == ONEDNN_BIAS)
    return alexnet_tensor_to_float (out, &layer->bias, error);
  if (!is_in_blocks (context, index))
    return alexnet_tensor_to_float (out, weight, error);
  values = alexnet_onednn_floats_new (alexnet_tensor_n_values (weight), error);
  if (!values || !alexnet_tensor_to_float (values, weight, error))
    return FALSE;
  memset (out, 0,
      alexnet_onednn_count_weights (context, index) * sizeof (float));
  space_to_depth_weights (out, values, weight->dims, context->block,
      layer->kernel);
  return TRUE;
}

static void
weights_free (gpointer data)
{
  Weights *self = data;

  if (self->memory)
    dnnl_memory_destroy (self->memory);
  free (self->data);
  g_free (self);
}

GPtrArray *
alexnet_onednn_weights_new (void)
{
  return g_ptr_array_new_with_free_func (weights_free);
}

static gboolean
is_same (const OnednnValues *a, const OnednnValues *b)
{
  return a->make == b->make && a->layer == b->layer && a->key == b->key;
}

static Weights *
find_weights (const OnednnContext *context, const OnednnValues *values,
    DnnlDesc wanted)
{
  for (guint i = 0; i < context->weights->len; i++) {
    Weights *weights = g_ptr_array_index (context->weights, i);
    DnnlDesc desc;

    if (is_same (&weights->values, values) && weights->memory &&
        dnnl_memory_get_memory_desc (weights->memory, &desc) == dnnl_success &&
        dnnl_memory_desc_equal (desc, wanted))
      return weights;
  }
  return NULL;
}

static gboolean
reorder_from (const OnednnContext *context, Weights *weights, DnnlDesc plain,
    void *values, GError **error)
{
  dnnl_memory_t source;
  gboolean done;

  ONEDNN_TRY (dnnl_memory_create (&source, plain, context->engine, values));
  done = alexnet_onednn_reorder (context->stream, source, weights->memory,
      error);
  dnnl_memory_destroy (source);
  return done;
}

static gboolean
is_of_linear (const OnednnContext *context, const OnednnValues *values)
{
  return values->make == alexnet_onednn_layer_floats &&
      values->key == ONEDNN_WEIGHTS &&
      context->network.layers[values->layer].kind == ALEXNET_LAYER_LINEAR;
}

static gboolean
fill_weights (const OnednnContext *context, Weights *weights, DnnlDesc plain,
    DnnlDesc wanted, GError **error)
{
  const OnednnValues *of = &weights->values;
  void *values;
  gboolean done;

  if (is_of_linear (context, of))
    return alexnet_onednn_rows_fill (context, of->layer, weights->memory,
        error);
  if (dnnl_memory_desc_equal (plain, wanted))
    return of->make (context, of->layer, of->key, weights->data, error);
  values = alexnet_onednn_alloc_unset (dnnl_memory_desc_get_size (plain),
      error);
  done = values && of->make (context, of->layer, of->key, values, error) &&
      reorder_from (context, weights, plain, values, error);
  free (values);
  return done;
}

gboolean
alexnet_onednn_weights_get (OnednnContext *context, const OnednnValues *values,
    DnnlDesc plain, DnnlDesc wanted, dnnl_memory_t *memory, GError **error)
{
  Weights *weights = find_weights (context, values, wanted);
  gsize size;

  if (weights) {
    *memory = weights->memory;
    return TRUE;
  }
  weights = g_new0 (Weights, 1);
  weights->values = *values;
  g_ptr_array_add (context->weights, weights);
  size = dnnl_memory_desc_get_size (wanted);
  weights->data = context->trial ? alexnet_onednn_alloc (size, error)
                                 : alexnet_onednn_alloc_unset (size, error);
  if (!weights->data)
    return FALSE;
  ONEDNN_TRY (dnnl_memory_create (&weights->memory, wanted, context->engine,
      weights->data));
  *memory = weights->memory;
  return context->trial ||
      fill_weights (context, weights, plain, wanted, error);
}

/* NULL on failure. */
static void *
get_data (OnednnContext *context, const OnednnValues *values, gsize n,
    dnnl_data_type_t type, GError **error)
{
  dnnl_dims_t dims = { (dnnl_dim_t) n };
  g_auto (DnnlDesc) desc = NULL;
  dnnl_memory_t memory;
  void *data = NULL;
  dnnl_status_t status = dnnl_compat_desc_new (&desc, 1, dims, type, dnnl_a);

  if (status != dnnl_success)
    alexnet_onednn_fail (error, "weights", status);
  else if (alexnet_onednn_weights_get (context, values, desc, desc, &memory,
               error))
    dnnl_memory_get_data_handle (memory, &data);
  return data;
}

gboolean
alexnet_onednn_floats_get (OnednnContext *context, const OnednnValues *values,
    gsize n, const float **floats, GError **error)
{
  *floats = get_data (context, values, n, dnnl_f32, error);
  return *floats != NULL;
}

gboolean
alexnet_onednn_bytes_get (OnednnContext *context, const OnednnValues *values,
    gsize n, const guint8 **bytes, GError **error)
{
  *bytes = get_data (context, values, n, dnnl_u8, error);
  return *bytes != NULL;
}
