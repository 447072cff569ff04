/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "weights.h"

#include <string.h>

#include "kernel-args.h"
#include "small-floats.h"
#include "tensor/int8.h"

/* What is going to be uploaded; NULL: there is none of it. */
typedef struct {
  guint8 *weight, *int8;
  float *scales;
} Prepared;

static void
store (guint8 *to, const float *from, gsize n, AlexnetPrecision precision)
{
  guint16 *half = (guint16 *) (void *) to;

  if (alexnet_precision_size (precision) == 4)
    memcpy (to, from, n * sizeof *from);
  else if (precision == ALEXNET_PRECISION_FP16)
    for (gsize i = 0; i < n; i++)
      half[i] = alexnet_f16_from_float (from[i]);
  else
    for (gsize i = 0; i < n; i++)
      half[i] = alexnet_bf16_from_float (from[i]);
}

/* Blocks of pixels where the first convolution takes them. */
static guint
get_block (const AlexnetOp *op, const AlexnetSlotLayout *slot)
{
  gboolean blocked = op->in.channels != op->layer->in.channels;

  return op->kind == ALEXNET_OP_CONV && blocked ? slot->block : 1;
}

/* Weights of one output. */
static gsize
count_row (const AlexnetOp *op, const AlexnetSlotLayout *slot)
{
  guint pixels = op->kernel * get_block (op, slot);

  if (op->kind == ALEXNET_OP_LINEAR)
    return alexnet_shape_size (&op->in);
  return (gsize) pixels * pixels * (op->layer->in.channels / op->layer->groups);
}

/* [C,kH,kW] -> [kH / block, kW / block, block, block, C] */
static void
permute_filter (float *to, const float *from, const AlexnetOp *op, guint block)
{
  guint kernel = op->layer->kernel;
  guint channels = op->layer->in.channels / op->layer->groups;

  for (guint c = 0; c < channels; c++)
    for (guint y = 0; y < kernel; y++)
      for (guint x = 0; x < kernel; x++) {
        gsize pixel = (y / block * op->kernel + x / block) * block * block +
            y % block * block + x % block;

        to[pixel * channels + c] = from[(c * kernel + y) * kernel + x];
      }
}

gsize
alexnet_weights_permute (float *to, const float *from, const AlexnetOp *op,
    const AlexnetSlotLayout *slot)
{
  guint channels = op->in.channels, pixels = op->in.height * op->in.width;

  if (op->kind != ALEXNET_OP_LINEAR)
    permute_filter (to, from, op, get_block (op, slot));
  else
    for (guint c = 0; c < channels; c++)
      for (guint i = 0; i < pixels; i++)
        to[(gsize) i * channels + c] = from[(gsize) c * pixels + i];
  return count_row (op, slot);
}

static guint
count_parts (const AlexnetOp *op)
{
  return op->kind == ALEXNET_OP_CONV ? alexnet_op_n_convs (op) : 1;
}

gsize
alexnet_weights_measure (AlexnetWeights *weights, const AlexnetOp *op,
    const AlexnetSlotLayout *slot, AlexnetPrecision precision,
    AlexnetStorage storage)
{
  guint n_parts = count_parts (op);
  gsize n = op->layer->channels / n_parts * count_row (op, slot);

  weights->storage = storage;
  weights->weight_stride = alexnet_device_align (n *
      alexnet_precision_size (precision));
  return storage == ALEXNET_STORAGE_VALUES ? n_parts * weights->weight_stride
                                           : alexnet_device_align (n);
}

void
alexnet_weights_set_memory (AlexnetWeights *weights, guint8 *memory)
{
  if (weights->storage == ALEXNET_STORAGE_VALUES)
    weights->weight = memory;
  else
    weights->int8 = memory;
}

float
alexnet_weights_pack_int8 (guint8 *to, float *row, guint n)
{
  g_autofree gint8 *whole = g_new (gint8, n);
  float scale = alexnet_int8_scale (row, n);

  alexnet_int8_quantize (whole, row, n, scale);
  for (guint i = 0; i < n; i++)
    to[i] = (guint8) (whole[alexnet_s8_column (n, i)] + ALEXNET_S8_ZERO);
  for (guint i = 0; i < n; i++)
    row[i] = whole[i] * scale;
  return scale;
}

static void
prepared_clear (Prepared *prepared)
{
  g_free (prepared->weight);
  g_free (prepared->int8);
  g_free (prepared->scales);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Prepared, prepared_clear)

/* Memory for what `weights` wants of n_rows rows of n. */
static void
prepared_allocate (Prepared *prepared, const AlexnetWeights *weights,
    guint n_parts, guint n_rows, gsize n)
{
  if (weights->storage != ALEXNET_STORAGE_INT8)
    prepared->weight = g_malloc0 (n_parts * weights->weight_stride);
  if (weights->storage == ALEXNET_STORAGE_VALUES)
    return;
  prepared->int8 = g_malloc (n_rows * n);
  prepared->scales = g_new (float, n_rows);
}

static gboolean
prepare_weight (Prepared *prepared, const AlexnetWeights *weights,
    const AlexnetOp *op, const AlexnetSlotLayout *slot,
    AlexnetPrecision precision, GError **error)
{
  const AlexnetTensor *tensor = &op->layer->weight;
  g_autoptr (AlexnetTensorRows)
      reader = alexnet_tensor_rows_new (tensor, error);
  guint n_rows = op->layer->channels, size = alexnet_precision_size (precision);
  gsize length = alexnet_tensor_n_values (tensor) / n_rows;
  gsize n = count_row (op, slot);
  guint n_parts = count_parts (op), rows = n_rows / n_parts;
  g_autofree float *from = g_new (float, length);
  g_autofree float *to = g_new0 (float, n);

  if (!reader)
    return FALSE;
  prepared_allocate (prepared, weights, n_parts, n_rows, n);
  for (guint i = 0; i < n_rows; i++) {
    if (!alexnet_tensor_rows_read (reader, i, 1, from, error))
      return FALSE;
    alexnet_weights_permute (to, from, op, slot);
    if (prepared->int8)
      prepared->scales[i] = alexnet_weights_pack_int8 (prepared->int8 + i * n,
          to, (guint) n);
    if (prepared->weight)
      store (prepared->weight + i / rows * weights->weight_stride +
              i % rows * n * size,
          to, n, precision);
  }
  return TRUE;
}

static guint8 *
prepare_bias (AlexnetWeights *weights, const AlexnetOp *op,
    AlexnetPrecision precision, GError **error)
{
  guint n_parts = count_parts (op), n = op->layer->channels / n_parts;
  g_autofree float *from = g_new (float, op->layer->channels);
  guint8 *all;

  if (!alexnet_tensor_to_float (from, &op->layer->bias, error))
    return NULL;
  weights->bias_stride = alexnet_device_align (n *
      alexnet_precision_size (precision));
  all = g_malloc0 (n_parts * weights->bias_stride);
  for (guint i = 0; i < n_parts; i++)
    store (all + i * weights->bias_stride, from + i * n, n, precision);
  return all;
}

/* To memory of its own; NULL when that fails. */
static void *
upload_new (AlexnetDevice *device, const void *from, gsize size, GError **error)
{
  void *to = alexnet_device_alloc (device, size, error);

  return to && alexnet_device_upload (device, to, from, size, error) ? to
                                                                     : NULL;
}

/* Those of INT8 and BOTH. */
static gboolean
upload_int8 (AlexnetWeights *weights, AlexnetDevice *device,
    const AlexnetOp *op, const Prepared *prepared, GError **error)
{
  guint n_rows = op->layer->channels;
  gsize n = n_rows * alexnet_shape_size (&op->in);

  if (!alexnet_device_upload (device, weights->int8, prepared->int8, n,
          error) ||
      !(weights->scales = upload_new (device, prepared->scales,
            n_rows * sizeof (float), error)))
    return FALSE;
  return !prepared->weight ||
      (weights->weight = upload_new (device, prepared->weight,
           weights->weight_stride, error));
}

gboolean
alexnet_weights_upload (AlexnetWeights *weights, AlexnetDevice *device,
    const AlexnetOp *op, const AlexnetSlotLayout *slot,
    AlexnetPrecision precision, GError **error)
{
  guint n_parts = count_parts (op);
  g_auto (Prepared) prepared = { NULL };
  g_autofree guint8 *bias = NULL;

  if (!prepare_weight (&prepared, weights, op, slot, precision, error) ||
      !(bias = prepare_bias (weights, op, precision, error)) ||
      !(weights->bias = upload_new (device, bias,
            n_parts * weights->bias_stride, error)))
    return FALSE;
  if (weights->storage != ALEXNET_STORAGE_VALUES)
    return upload_int8 (weights, device, op, &prepared, error);
  return alexnet_device_upload (device, weights->weight, prepared.weight,
      n_parts * weights->weight_stride, error);
}
