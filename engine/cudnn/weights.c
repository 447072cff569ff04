/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "weights.h"

#include <string.h>

#include "float-bits.h"

#define ALIGNMENT 256

/* Drops `n` low bits. */
static guint32
round_bits (guint32 bits, guint n)
{
  return (bits + (1u << (n - 1)) - 1 + (bits >> n & 1)) >> n;
}

guint16
alexnet_float_to_half (float value)
{
  guint32 bits = alexnet_float_to_bits (value), sign = bits >> 16 & 0x8000;
  guint32 magnitude = bits & 0x7fffffff;
  guint exponent = magnitude >> 23;

  if (magnitude > 0x7f800000)
    return (guint16) (sign | 0x7e00);
  if (magnitude >= 0x47800000)
    return (guint16) (sign | 0x7c00);
  if (exponent >= 113)
    return (guint16) (sign | (round_bits (magnitude, 13) - (112 << 10)));
  if (exponent < 102)
    return (guint16) sign;
  return (guint16) (sign |
      round_bits ((magnitude & 0x7fffff) | 0x800000, 126 - exponent));
}

guint16
alexnet_float_to_bfloat (float value)
{
  guint32 bits = alexnet_float_to_bits (value);

  if ((bits & 0x7fffffff) > 0x7f800000)
    return (guint16) (bits >> 16 | 0x40);
  return (guint16) round_bits (bits, 16);
}

static void
store (guint8 *to, const float *from, gsize n, AlexnetPrecision precision)
{
  guint16 *half = (guint16 *) (void *) to;

  if (alexnet_precision_size (precision) == 4)
    memcpy (to, from, n * sizeof *from);
  else if (precision == ALEXNET_PRECISION_FP16)
    for (gsize i = 0; i < n; i++)
      half[i] = alexnet_float_to_half (from[i]);
  else
    for (gsize i = 0; i < n; i++)
      half[i] = alexnet_float_to_bfloat (from[i]);
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

  if (op->kind == ALEXNET_OP_CONV)
    permute_filter (to, from, op, get_block (op, slot));
  else
    for (guint c = 0; c < channels; c++)
      for (guint i = 0; i < pixels; i++)
        to[(gsize) i * channels + c] = from[(gsize) c * pixels + i];
  return count_row (op, slot);
}

static gsize
align_up (gsize size)
{
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static guint
count_parts (const AlexnetOp *op)
{
  return op->kind == ALEXNET_OP_CONV ? alexnet_op_n_convs (op) : 1;
}

gsize
alexnet_weights_measure (AlexnetWeights *weights, const AlexnetOp *op,
    const AlexnetSlotLayout *slot, AlexnetPrecision precision)
{
  guint n_parts = count_parts (op);
  gsize n = op->layer->channels / n_parts * count_row (op, slot);

  weights->weight_stride = align_up (n * alexnet_precision_size (precision));
  return n_parts * weights->weight_stride;
}

static guint8 *
prepare_weight (const AlexnetWeights *weights, const AlexnetOp *op,
    const AlexnetSlotLayout *slot, AlexnetPrecision precision, GError **error)
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
  g_autofree guint8 *all = NULL;

  if (!reader)
    return NULL;
  all = g_malloc0 (n_parts * weights->weight_stride);
  for (guint i = 0; i < n_rows; i++) {
    if (!alexnet_tensor_rows_read (reader, i, 1, from, error))
      return NULL;
    alexnet_weights_permute (to, from, op, slot);
    store (all + i / rows * weights->weight_stride + i % rows * n * size, to, n,
        precision);
  }
  return g_steal_pointer (&all);
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
  weights->bias_stride = align_up (n * alexnet_precision_size (precision));
  all = g_malloc0 (n_parts * weights->bias_stride);
  for (guint i = 0; i < n_parts; i++)
    store (all + i * weights->bias_stride, from + i * n, n, precision);
  return all;
}

gboolean
alexnet_weights_upload (AlexnetWeights *weights, AlexnetDevice *device,
    const AlexnetOp *op, const AlexnetSlotLayout *slot,
    AlexnetPrecision precision, GError **error)
{
  guint n_parts = count_parts (op);
  g_autofree guint8 *weight = prepare_weight (weights, op, slot, precision,
      error);
  g_autofree guint8 *bias = weight
      ? prepare_bias (weights, op, precision, error)
      : NULL;
  gsize weight_size = n_parts * weights->weight_stride;
  gsize bias_size = n_parts * weights->bias_stride;

  if (!bias)
    return FALSE;
  weights->bias = alexnet_device_alloc (device, bias_size, error);
  return weights->bias &&
      alexnet_device_upload (device, weights->weight, weight, weight_size,
          error) &&
      alexnet_device_upload (device, weights->bias, bias, bias_size, error);
}
