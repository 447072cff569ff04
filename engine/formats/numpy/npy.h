/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An array file of numpy that holds a pickled dict, as numpy.save() writes one
 * that is given a dict. bvlc_alexnet.npy is such: layers by name, each a list
 * of weights and biases (or a dict of both), made from Caffe's by
 * caffe-tensorflow. Its weights are as TensorFlow wants them, [kH, kW, in, out]
 * of a convolution, [in, out] of a linear layer; the first of these takes the
 * last convolution's output in the order [H, W, C], where PyTorch and Caffe
 * have [C, H, W]: DataReshaper in kaffe/transformers.py moves them. Tensors are
 * NAME.weight and NAME.bias in PyTorch's order; nothing is moved, strides say
 * where each value is. */

#ifndef ALEXNET_NPY_H
#define ALEXNET_NPY_H

#include "formats/formats.h"

G_BEGIN_DECLS

gboolean alexnet_npy_detect (const guint8 *head, gsize size,
    guint64 file_size);
gboolean alexnet_npy_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_NPY_H */
