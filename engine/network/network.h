/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* AlexNets as data: a table of layers, shape inference, and the
 * weights that a model file bound to it. A network is a plain value: copy it,
 * cut it short by lowering n_layers, build one of a single layer. That is how
 * backends are tested layer by layer. */

#ifndef ALEXNET_NETWORK_H
#define ALEXNET_NETWORK_H

#include "alexnet.h"
#include "tensor/tensor.h"

G_BEGIN_DECLS

typedef enum {
  ALEXNET_LAYER_CONV,           /* cross-correlation + bias */
  ALEXNET_LAYER_RELU,
  ALEXNET_LAYER_LRN,            /* across channels, after Krizhevsky 2012, 3.3:
                                   y = x / (k + alpha / size * sum x^2)^beta,
                                   alpha divided by size as Caffe, PyTorch,
                                   cuDNN and oneDNN do and the paper does not */
  ALEXNET_LAYER_MAXPOOL,        /* padding counts as minus infinity */
  ALEXNET_LAYER_AVGPOOL,        /* adaptive; only the identity is accepted */
  ALEXNET_LAYER_DROPOUT,        /* the identity */
  ALEXNET_LAYER_LINEAR,         /* of the flattened [C,H,W] input */
  ALEXNET_LAYER_SOFTMAX,        /* over channels */
} AlexnetLayerKind;

/* [C,H,W] */
typedef struct {
  guint channels, height, width;
} AlexnetShape;

gsize alexnet_shape_size (const AlexnetShape *shape);

typedef struct {
  AlexnetLayerKind kind;
  const char *name;             /* of its tensors: NAME.weight, NAME.bias */
  guint channels;               /* CONV, LINEAR: outputs */
  guint kernel, stride;         /* CONV, MAXPOOL: of a square window, which
                                   makes of H pixels (H + padding + end_padding
                                   - kernel) / stride + 1, rounded down */
  guint padding, end_padding;   /* CONV, MAXPOOL: above and left; below and
                                   right; at most the kernel */
  guint groups;                 /* CONV */
  guint size;                   /* LRN: channels; AVGPOOL: side */
  float alpha, beta, k;         /* LRN */

  /* Filled in by alexnet_network_infer_shapes(). */
  AlexnetShape in, out;

  /* Filled in by alexnet_network_bind(). CONV: [out, in / groups, kH, kW] and
   * [out]; LINEAR: [out, C * H * W], or the same as
   * [out, C, H, W], and [out]. */
  AlexnetTensor weight, bias;

  /* CONV: what computing with whole numbers of 8 bits needs to know. Somebody
   * else's memory; filled in by the model where its file was calibrated. */
  struct {
    float least, most;          /* of the layer's input */
    const float *scales;        /* [channels]: largest weight of each filter
                                   over 127; NULL: not known */
  } int8;
} AlexnetLayer;

#define ALEXNET_MAX_LAYERS 32

typedef struct {
  const char *architecture;
  AlexnetShape input;
  guint n_layers;
  AlexnetLayer layers[ALEXNET_MAX_LAYERS];
} AlexnetNetwork;

/* The full-width tables, shapes inferred, no weights; NULL-terminated. Names of
 * tensors do not tell "caffe", as Krizhevsky 2012, from "caffenet", which has
 * each LRN behind its MAXPOOL. */
extern const AlexnetNetwork *const *alexnet_networks (void);
const AlexnetNetwork *alexnet_network_find (const char *architecture);

/* Computes every layer's in and out from network->input. FORMAT, naming the
 * layer whose input cannot be what it needs, as that of a MAXPOOL of which a
 * window lies wholly in its padding. */
gboolean alexnet_network_infer_shapes (AlexnetNetwork *network,
    GError **error);

/* Finds a tensor by name in whatever holds them; NULL when there is none. */
typedef const AlexnetTensor *(*AlexnetTensorLookup) (gpointer user,
    const char *name);

/* Takes widths and number of classes from the tensors, binds them, and checks
 * every shape. FORMAT, naming the first tensor that is missing or does not
 * fit, its shape, and the shape expected. */
gboolean alexnet_network_bind (AlexnetNetwork *network,
    AlexnetTensorLookup lookup, gpointer user, GError **error);

/* Whether there is an LRN. */
gboolean alexnet_network_normalises (const AlexnetNetwork *network);

/* What reads an embedding; NULL: there is no LINEAR. */
const AlexnetLayer *alexnet_network_last_linear (
    const AlexnetNetwork *network);

/* Shape of the last layer's output. */
const AlexnetShape *alexnet_network_output (const AlexnetNetwork *network);
guint64 alexnet_layer_n_parameters (const AlexnetLayer *layer);

/* The name of the first tensor in which reading it has met NaN or infinity,
 * as its `not_finite` tells; NULL when there is none. The caller frees it. */
char *alexnet_network_find_not_finite (const AlexnetNetwork *network);

/* Whether a layer, and so its tensors, can have this name, which is UTF-8: 1 to
 * 128 bytes of visible characters. */
gboolean alexnet_layer_is_name (const char *name);

/* As PyTorch names its modules: "Conv2d". Static. */
const char *alexnet_layer_kind_name (AlexnetLayerKind kind);

/* TRUE for the kinds that change nothing at inference. */
gboolean alexnet_layer_is_identity (const AlexnetLayer *layer);

/* TRUE for a CONV that multiplies each channel by one number and adds one, as
 * what is left of a batch normalisation. */
gboolean alexnet_layer_is_affine (const AlexnetLayer *layer);

/* TRUE for a CONV that is to be computed with whole numbers of 8 bits. One that
 * is affine would only make its values coarser. */
gboolean alexnet_layer_takes_int8 (const AlexnetLayer *layer);

/* torchsummary's table; without the softmax, which is not in that model. */
char *alexnet_network_summary (const AlexnetNetwork *network);

G_END_DECLS

#endif /* ALEXNET_NETWORK_H */
