/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include "formats/chain.h"
#include "formats/values.h"

#define DEFAULT_CHANNELS 3

typedef struct {
  gint64 v1; /* 0: V1 has none */
  const char *name;
  gboolean (*read) (CaffeReader *net, const CaffeLayer *layer, GError **error);
} LayerType;

static gboolean
take_size (guint *size, gint64 value, const char *what, GError **error)
{
  if (value < 0 || value > G_MAXINT32)
    return alexnet_format_error (error, "%s is %" G_GINT64_FORMAT, what, value);
  *size = (guint) value;
  return TRUE;
}

/* One size for height and width: both given, or a list, or neither. */
static gboolean
take_side (guint *side, const GArray *list, gint64 height, gint64 width,
    gint64 neither, const char *what, GError **error)
{
  gint64 value = neither;

  if (height != 0 || width != 0) {
    if (height != width)
      return alexnet_format_error (error,
          "%s is %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
          ", expected a square",
          what, height, width);
    value = height;
  } else if (list && list->len > 0) {
    value = g_array_index (list, gint64, 0);
    for (guint i = 1; i < list->len; i++)
      if (g_array_index (list, gint64, i) != value)
        return alexnet_format_error (error, "%s differs by direction", what);
  }
  return take_size (side, value, what, error);
}

static gboolean
read_blobs (CaffeReader *net, AlexnetLayer *added, const CaffeLayer *layer,
    guint n_dims, gboolean bias, GError **error)
{
  added->weight.n_dims = n_dims;
  added->bias.n_dims = 1;
  return alexnet_caffe_count_blobs (layer, bias ? 2 : 1, error) &&
      alexnet_caffe_read_layer_blob (net, &added->weight, layer, 0, "weights",
          error) &&
      (!bias ||
          alexnet_caffe_read_layer_blob (net, &added->bias, layer, 1, "bias",
              error));
}

/* `n` may not be given. */
static gboolean
check_outputs (const AlexnetLayer *added, gint64 n, GError **error)
{
  gsize found = added->weight.dims[0];

  return n == 0 || (guint64) n == found ||
      alexnet_format_error (error,
          "its weights have %" G_GSIZE_FORMAT
          " outputs, expected num_output, %" G_GINT64_FORMAT,
          found, n);
}

static gboolean
append (CaffeReader *net, const CaffeLayer *layer, const AlexnetLayer *added,
    GError **error)
{
  if (!alexnet_caffe_check_chain (net, layer, error) ||
      !alexnet_caffe_begin (net, DEFAULT_CHANNELS, error) ||
      !alexnet_affine_add_layer (&net->affine, net->source, added, error))
    return FALSE;
  alexnet_chain_set (net->current, layer->top->pdata[0]);
  return TRUE;
}

static gboolean
read_convolution (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  const CaffeConvolution *c = &layer->convolution;
  AlexnetLayer added = { .kind = ALEXNET_LAYER_CONV, .name = layer->name };
  guint dilation = 0;

  if (!take_side (&added.kernel, c->kernel_size, c->kernel_h, c->kernel_w, 0,
          "kernel_size", error) ||
      !take_side (&added.stride, c->stride, c->stride_h, c->stride_w, 1,
          "stride", error) ||
      !take_side (&added.padding, c->pad, c->pad_h, c->pad_w, 0, "pad",
          error) ||
      !take_side (&dilation, c->dilation, 0, 0, 1, "dilation", error) ||
      !take_size (&added.groups, c->group, "group", error))
    return FALSE;
  added.end_padding = added.padding;
  if (dilation != 1 || c->axis != 1)
    return alexnet_format_error (error,
        "dilation %u on axis %" G_GINT64_FORMAT ", expected 1 on axis 1",
        dilation, c->axis);
  return read_blobs (net, &added, layer, 4, c->bias_term != 0, error) &&
      check_outputs (&added, c->num_output, error) &&
      alexnet_caffe_begin (net, added.weight.dims[1] * added.groups, error) &&
      append (net, layer, &added, error);
}

static gboolean
read_inner_product (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  const CaffeInnerProduct *p = &layer->inner_product;
  AlexnetLayer added = { .kind = ALEXNET_LAYER_LINEAR, .name = layer->name };

  if (p->axis != 1)
    return alexnet_format_error (error, "axis %" G_GINT64_FORMAT ", expected 1",
        p->axis);
  if (!read_blobs (net, &added, layer, 2, p->bias_term != 0, error))
    return FALSE;
  if (p->transpose != 0)
    added.weight = alexnet_values_transpose (&added.weight);
  return check_outputs (&added, p->num_output, error) &&
      append (net, layer, &added, error);
}

static gboolean
read_lrn (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  const CaffeLrn *lrn = &layer->lrn;
  AlexnetLayer added = { .kind = ALEXNET_LAYER_LRN,
    .alpha = lrn->alpha,
    .beta = lrn->beta,
    .k = lrn->k };

  if (lrn->norm_region != 0)
    return alexnet_format_error (error,
        "it normalises WITHIN_CHANNEL, expected ACROSS_CHANNELS");
  if (lrn->local_size % 2 != 1)
    return alexnet_format_error (error,
        "local_size %" G_GINT64_FORMAT ", expected an odd number",
        lrn->local_size);
  return take_size (&added.size, lrn->local_size, "local_size", error) &&
      append (net, layer, &added, error);
}

static gboolean
read_pooling (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  static const char *const methods[] = { "MAX", "AVE", "STOCHASTIC" };
  const CaffePooling *p = &layer->pooling;
  AlexnetLayer added = { .kind = ALEXNET_LAYER_MAXPOOL };

  if (p->pool != 0 || p->global_pooling != 0)
    return alexnet_format_error (error, "%s%s pooling, expected MAX in windows",
        p->global_pooling != 0 ? "global " : "",
        p->pool >= 0 && p->pool < (gint64) G_N_ELEMENTS (methods)
            ? methods[p->pool]
            : "unknown");
  if (!take_side (&added.kernel, NULL, p->kernel_h, p->kernel_w, p->kernel_size,
          "kernel_size", error) ||
      !take_side (&added.stride, NULL, p->stride_h, p->stride_w, p->stride,
          "stride", error) ||
      !take_side (&added.padding, NULL, p->pad_h, p->pad_w, p->pad, "pad",
          error) ||
      !alexnet_caffe_begin (net, DEFAULT_CHANNELS, error))
    return FALSE;
  added.end_padding = added.padding;
  if (p->round_mode == 0)
    added.end_padding =
        alexnet_chain_ceil_padding (alexnet_chain_output (net->source)->height,
            &added, added.padding);
  return append (net, layer, &added, error);
}

static gboolean
read_relu (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  const AlexnetLayer added = { .kind = ALEXNET_LAYER_RELU };

  if (layer->relu.negative_slope != 0)
    return alexnet_format_error (error, "negative_slope %g, expected 0",
        layer->relu.negative_slope);
  return append (net, layer, &added, error);
}

static gboolean
read_dropout (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  const AlexnetLayer added = { .kind = ALEXNET_LAYER_DROPOUT };

  if (layer->dropout.scale_train == 0)
    return alexnet_format_error (error,
        "it scales when the net is used, expected when it is trained");
  return append (net, layer, &added, error);
}

static gboolean
read_softmax (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  const AlexnetLayer added = { .kind = ALEXNET_LAYER_SOFTMAX };

  if (layer->softmax.axis != 1 && layer->softmax.axis != -1)
    return alexnet_format_error (error, "axis %" G_GINT64_FORMAT ", expected 1",
        layer->softmax.axis);
  return append (net, layer, &added, error);
}

static gboolean
read_flatten (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  if (layer->flatten.axis != 1)
    return alexnet_format_error (error, "axis %" G_GINT64_FORMAT ", expected 1",
        layer->flatten.axis);
  if (!alexnet_caffe_check_chain (net, layer, error))
    return FALSE;
  alexnet_chain_set (net->current, layer->top->pdata[0]);
  return TRUE;
}

/* Its outputs are other names for its input. */
static gboolean
read_split (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  if (!layer->bottom || layer->bottom->len != 1)
    return alexnet_format_error (error, "it has not one input");
  if (alexnet_chain_holds (net->current, layer->bottom->pdata[0]))
    for (guint i = 0; layer->top && i < layer->top->len; i++)
      g_ptr_array_add (net->current, g_strdup (layer->top->pdata[i]));
  return TRUE;
}

static gboolean
pass_over (CaffeReader *net, const CaffeLayer *layer, GError **error)
{
  if (!layer->blobs)
    return TRUE;
  return alexnet_format_error (error,
      "it has weights, which nothing that classifies uses");
}

/* What has no function computes what no AlexNet here does. */
static const LayerType types[] = {
  { 1, "Accuracy", pass_over },
  { 2, "BNLL", NULL },
  { 3, "Concat", NULL },
  { 4, "Convolution", read_convolution },
  { 5, "Data", alexnet_caffe_read_data },
  { 6, "Dropout", read_dropout },
  { 7, "EuclideanLoss", pass_over },
  { 8, "Flatten", read_flatten },
  { 9, "HDF5Data", alexnet_caffe_read_input },
  { 10, "HDF5Output", pass_over },
  { 11, "Im2col", NULL },
  { 12, "ImageData", alexnet_caffe_read_data },
  { 13, "InfogainLoss", pass_over },
  { 14, "InnerProduct", read_inner_product },
  { 15, "LRN", read_lrn },
  { 16, "MultinomialLogisticLoss", pass_over },
  { 17, "Pooling", read_pooling },
  { 18, "ReLU", read_relu },
  { 19, "Sigmoid", NULL },
  { 20, "Softmax", read_softmax },
  { 21, "SoftmaxWithLoss", pass_over },
  { 22, "Split", read_split },
  { 23, "TanH", NULL },
  { 24, "WindowData", alexnet_caffe_read_data },
  { 25, "Eltwise", NULL },
  { 26, "Power", NULL },
  { 27, "SigmoidCrossEntropyLoss", pass_over },
  { 28, "HingeLoss", pass_over },
  { 29, "MemoryData", alexnet_caffe_read_data },
  { 30, "ArgMax", NULL },
  { 31, "Threshold", NULL },
  { 32, "DummyData", alexnet_caffe_read_input },
  { 33, "Slice", NULL },
  { 34, "MVN", NULL },
  { 35, "AbsVal", NULL },
  { 36, "Silence", pass_over },
  { 37, "ContrastiveLoss", pass_over },
  { 38, "Exp", NULL },
  { 39, "Deconvolution", NULL },
  { 0, "BatchNorm", alexnet_caffe_read_batch_norm },
  { 0, "Input", alexnet_caffe_read_input },
  { 0, "Scale", alexnet_caffe_read_scale },
};

static const LayerType *
find_type (const CaffeLayer *layer)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (layer->type ? g_str_equal (types[i].name, layer->type)
                    : layer->v1_type != 0 && types[i].v1 == layer->v1_type)
      return &types[i];
  return NULL;
}

static gboolean
read_known_layer (CaffeReader *net, const CaffeLayer *layer,
    const LayerType *type, const char *name, GError **error)
{
  if (!type->read)
    return alexnet_format_error (error,
        "it computes what no AlexNet here does");
  if (type->read == pass_over)
    g_ptr_array_add (net->source->notes,
        g_strdup_printf ("passed over layer %s (%s)", name, type->name));
  return type->read (net, layer, error);
}

gboolean
alexnet_caffe_read_layer (CaffeReader *net, const CaffeLayer *layer,
    GError **error)
{
  g_autofree char *name = alexnet_quote (layer->name ? layer->name : "");
  g_autofree char *quoted = NULL;
  const LayerType *type = find_type (layer);

  if (layer->v0.offset > 0)
    return alexnet_format_error (error,
        "a net of V0 layers, as Caffe wrote them until 2013; expected one that "
        "its upgrade_net_proto_binary has converted");
  if (type) {
    if (read_known_layer (net, layer, type, name, error))
      return TRUE;
    g_prefix_error (error, "layer %s (%s): ", name, type->name);
    return FALSE;
  }
  if (!layer->type)
    return alexnet_format_error (error,
        "layer %s is of type number %" G_GINT64_FORMAT ", which Caffe has not",
        name, layer->v1_type);
  quoted = alexnet_quote (layer->type);
  return alexnet_format_error (error,
      "layer %s is of type %s, which no AlexNet here has", name, quoted);
}
