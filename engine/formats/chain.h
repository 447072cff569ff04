/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Builds source->network for a format that carries its own list of layers.
 * Each layer's shapes are inferred as it comes; FORMAT, naming the layer, for
 * one that cannot take what the layer before it gives, and for more layers than
 * a table holds. */

#ifndef ALEXNET_CHAIN_H
#define ALEXNET_CHAIN_H

#include "formats.h"

G_BEGIN_DECLS

/* Begins the table of a network that takes [C,H,W] and sees a square. */
gboolean alexnet_chain_begin (AlexnetModelSource *source,
    const AlexnetShape *input, GError **error);

/* The shape that the next layer gets. */
const AlexnetShape *alexnet_chain_output (const AlexnetModelSource *source);

/* The last layer, NULL when there is none. */
AlexnetLayer *alexnet_chain_last (const AlexnetModelSource *source);

/* Appends a layer. CONV and LINEAR come with their weights, of 4 and 2
 * dimensions, or 4 where those of a LINEAR's input are kept apart, [out,C,H,W]:
 * channels are those of the weight, a bias that is not bound
 * becomes zero. Their name may be any; it is copied, or replaced where it
 * cannot name tensors or is taken. */
gboolean alexnet_chain_add (AlexnetModelSource *source,
    const AlexnetLayer *layer, GError **error);

/* For a network that ends in [classes,1,1]: adds a softmax where there is
 * none, gives it the architecture that has layers of the same kinds,
 * `otherwise` where none has, the tensors to source->tensors as NAME.weight and
 * NAME.bias, and binds them. */
gboolean alexnet_chain_finish (AlexnetModelSource *source,
    const char *otherwise, GError **error);

/* Names by which a graph knows what its last layer gave; setting one forgets
 * the others. */
gboolean alexnet_chain_holds (const GPtrArray *names, const char *name);
void alexnet_chain_set (GPtrArray *names, const char *name);

/* The end padding with which a window, rounding down, covers as much as it does
 * rounding up with `end` as Caffe, ONNX and PyTorch have it: the last window
 * begins within the image or the padding before it. */
guint alexnet_chain_ceil_padding (guint side, const AlexnetLayer *layer,
    guint end);

G_END_DECLS

#endif /* ALEXNET_CHAIN_H */
