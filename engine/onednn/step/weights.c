/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "context.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "onednn/int8-winograd/int8-winograd.h"
#include "onednn/int8/int8.h"
#include "onednn/winograd/winograd.h"

#define HUGE_PAGE ((gsize) 2 << 20)
#define CACHE_LINE 64

typedef struct {
  guint layer;
  OnednnValues values;
  dnnl_memory_t memory;
  void *data;
} Weights;

gboolean
alexnet_onednn_fail (GError **error, const char *call, dnnl_status_t status)
{
  const dnnl_version_t *version = dnnl_version ();
  int code = status == dnnl_out_of_memory ? ALEXNET_ERROR_NO_MEMORY
      : status == dnnl_unimplemented      ? ALEXNET_ERROR_UNSUPPORTED
                                          : ALEXNET_ERROR_DEVICE;

  g_set_error (error, ALEXNET_ERROR, code, "oneDNN %d.%d.%d: %.*s: %s",
      version->major, version->minor, version->patch,
      (int) strcspn (call, " ("), call, dnnl_status2str (status));
  return FALSE;
}

void *
alexnet_onednn_alloc (gsize size, GError **error)
{
  gsize alignment = size >= HUGE_PAGE ? HUGE_PAGE : CACHE_LINE;
  void *data = NULL;

  if (posix_memalign (&data, alignment, MAX (size, 1)) != 0) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "backend 'cpu' cannot allocate %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
#ifdef MADV_HUGEPAGE
  if (size >= HUGE_PAGE)
    madvise (data, size, MADV_HUGEPAGE);
#endif
  memset (data, 0, size);
  return data;
}

gboolean
alexnet_onednn_reorder (const OnednnContext *context, dnnl_memory_t src,
    dnnl_memory_t dst, GError **error)
{
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, src }, { DNNL_ARG_TO, dst } };
  dnnl_primitive_t primitive;
  dnnl_status_t status;
  DnnlDesc from, to;

  ONEDNN_TRY (dnnl_memory_get_memory_desc (src, &from));
  ONEDNN_TRY (dnnl_memory_get_memory_desc (dst, &to));
  ONEDNN_TRY (dnnl_reorder_primitive_desc_create (&desc, from, context->engine,
      to, context->engine, NULL));
  ONEDNN_TRY (dnnl_primitive_create (&primitive, desc));
  status = dnnl_primitive_execute (primitive, context->stream, 2, args);
  if (status == dnnl_success)
    status = dnnl_stream_wait (context->stream);
  dnnl_primitive_destroy (primitive);
  ONEDNN_TRY (status);
  return TRUE;
}

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
alexnet_onednn_layer_floats (const OnednnContext *context, guint index,
    OnednnValues which)
{
  const AlexnetLayer *layer = &context->network.layers[index];
  gboolean bias = which == ONEDNN_BIAS;
  const AlexnetTensor *tensor = bias ? &layer->bias : &layer->weight;
  float *values = g_try_new (float, alexnet_tensor_n_values (tensor));
  float *blocks;

  if (!values)
    return NULL;
  alexnet_tensor_to_float (values, tensor);
  if (bias || index > 0 || context->block == 1)
    return values;

  blocks = g_try_new0 (float,
      (gsize) layer->channels * layer->in.channels * layer->kernel *
          layer->kernel);
  if (blocks)
    space_to_depth_weights (blocks, values, tensor->dims, context->block,
        layer->kernel);
  g_free (values);
  return blocks;
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

static Weights *
find_weights (const OnednnContext *context, guint layer, OnednnValues values,
    DnnlDesc wanted)
{
  for (guint i = 0; i < context->weights->len; i++) {
    Weights *weights = g_ptr_array_index (context->weights, i);
    DnnlDesc desc;

    if (weights->layer == layer && weights->values == values &&
        weights->memory &&
        dnnl_memory_get_memory_desc (weights->memory, &desc) == dnnl_success &&
        dnnl_memory_desc_equal (desc, wanted))
      return weights;
  }
  return NULL;
}

static float *
make_values (const OnednnContext *context, const Weights *weights)
{
  if (weights->values >= ONEDNN_INT8_WEIGHTS &&
      weights->values <= ONEDNN_INT8_SCALES)
    return alexnet_onednn_int8_values (context, weights->layer,
        weights->values);
  if (weights->values < ONEDNN_INT8_WINOGRAD)
    return alexnet_onednn_layer_floats (context, weights->layer,
        weights->values);
  if (weights->values < ONEDNN_WINOGRAD)
    return alexnet_int8_winograd_values (context, weights->layer,
        weights->values - ONEDNN_INT8_WINOGRAD);
  return alexnet_winograd_weights (context, weights->layer,
      (WinogradTile) (weights->values - ONEDNN_WINOGRAD));
}

static gboolean
fill_weights (const OnednnContext *context, Weights *weights, DnnlDesc plain,
    GError **error)
{
  g_autofree float *values = make_values (context, weights);
  dnnl_memory_t source;
  gboolean done;

  if (!values)
    return alexnet_onednn_fail (error, "weights", dnnl_out_of_memory);
  ONEDNN_TRY (dnnl_memory_create (&source, plain, context->engine, values));
  done = alexnet_onednn_reorder (context, source, weights->memory, error);
  dnnl_memory_destroy (source);
  return done;
}

gboolean
alexnet_onednn_weights_get (OnednnContext *context, guint layer,
    OnednnValues values, DnnlDesc plain, DnnlDesc wanted, dnnl_memory_t *memory,
    GError **error)
{
  Weights *weights = find_weights (context, layer, values, wanted);

  if (weights) {
    *memory = weights->memory;
    return TRUE;
  }
  weights = g_new0 (Weights, 1);
  weights->layer = layer;
  weights->values = values;
  g_ptr_array_add (context->weights, weights);
  weights->data = alexnet_onednn_alloc (dnnl_memory_desc_get_size (wanted),
      error);
  if (!weights->data)
    return FALSE;
  ONEDNN_TRY (dnnl_memory_create (&weights->memory, wanted, context->engine,
      weights->data));
  *memory = weights->memory;
  return context->trial || fill_weights (context, weights, plain, error);
}

gboolean
alexnet_onednn_floats_get (OnednnContext *context, guint layer,
    OnednnValues values, gsize n, const float **floats, GError **error)
{
  dnnl_dims_t dims = { (dnnl_dim_t) n };
  g_auto (DnnlDesc) desc = NULL;
  dnnl_memory_t memory;
  void *data;

  ONEDNN_TRY (dnnl_compat_desc_new (&desc, 1, dims, dnnl_f32, dnnl_a));
  if (!alexnet_onednn_weights_get (context, layer, values, desc, desc, &memory,
          error))
    return FALSE;
  ONEDNN_TRY (dnnl_memory_get_data_handle (memory, &data));
  *floats = data;
  return TRUE;
}
