/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tensors as PyTorch keeps them: with strides, anywhere in a storage, which is
 * a run of bytes that several tensors may share. */

#ifndef ALEXNET_STORAGE_H
#define ALEXNET_STORAGE_H

#include "formats.h"

G_BEGIN_DECLS

/* Binds a tensor whose dtype, dims and strides are set to a storage, `size`
 * bytes of the file from `begin` on; it begins `offset` values into it. Sets
 * strided. *unusable is why it cannot be used, though it is no sign of a bad
 * file, for the caller to free, else NULL. FORMAT when it does not end inside
 * the storage. */
gboolean alexnet_storage_bind (AlexnetTensor *tensor, const AlexnetFile *file,
    guint64 begin, guint64 size, guint64 offset, char **unusable,
    GError **error);

/* Whether strides are those of values side by side, row-major. */
gboolean alexnet_storage_is_tight (const AlexnetTensor *tensor);

/* The reason for a type of values that no weights have; free it. */
char *alexnet_storage_refuse_dtype (const char *name);

G_END_DECLS

#endif /* ALEXNET_STORAGE_H */
