/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tensors as readers of ONNX and Caffe make them: of numbers in a file's wire
 * format, of computed ones, of another tensor. What they need lives in
 * source->arena and source->files. */

#ifndef ALEXNET_VALUES_H
#define ALEXNET_VALUES_H

#include "formats.h"
#include "wire.h"

G_BEGIN_DECLS

/* Binds a tensor whose type (F32 or F64) and dimensions are set to FLOATS or
 * DOUBLES: where they lie when that is in one piece, else a copy of them.
 * FORMAT when there are not as many as its dimensions say, and NO_MEMORY. */
gboolean alexnet_values_bind (AlexnetTensor *tensor,
    AlexnetModelSource *source, AlexnetWireReader *reader,
    const AlexnetFile *file, const GArray *runs, GError **error);

/* F32 values that somebody computed; they are taken over. */
AlexnetTensor alexnet_values_keep (AlexnetModelSource *source, float *values,
    const gsize *dims, guint n_dims);

/* One value for all of a tensor, which takes no memory. */
AlexnetTensor alexnet_values_constant (AlexnetModelSource *source, float value,
    const gsize *dims, guint n_dims);

/* The columns of a matrix as rows. */
AlexnetTensor alexnet_values_transpose (const AlexnetTensor *matrix);

G_END_DECLS

#endif /* ALEXNET_VALUES_H */
