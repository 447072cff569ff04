/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory that the library computes in, and what its calls answer as GError.
 * Thread-safety: any thread. */

#ifndef ALEXNET_ONEDNN_MEMORY_H
#define ALEXNET_ONEDNN_MEMORY_H

#include "compat.h"
#include "network/network.h"

G_BEGIN_DECLS

/* Sets `error` from the status of a call, given as text; returns FALSE. */
gboolean alexnet_onednn_fail (GError **error, const char *call,
    dnnl_status_t status);

/* In a function that returns gboolean and has `error`. */
#define ONEDNN_TRY(call)                                  \
  G_STMT_START                                            \
  {                                                       \
    dnnl_status_t status_ = (call);                       \
                                                          \
    if (status_ != dnnl_success)                          \
      return alexnet_onednn_fail (error, #call, status_); \
  }                                                       \
  G_STMT_END

/* Images [batch, C, H, W]. */
gboolean alexnet_onednn_image_desc_new (DnnlDesc *desc, guint batch,
    const AlexnetShape *shape, dnnl_data_type_t type, dnnl_format_tag_t tag,
    GError **error);

/* Which of `tags`, that dnnl_format_tag_undef ends, such a `desc` has; `*tag`
 * stays as it is when it has none of them. */
gboolean alexnet_onednn_image_desc_find_tag (DnnlDesc desc, guint batch,
    const AlexnetShape *shape, const dnnl_format_tag_t *tags,
    dnnl_format_tag_t *tag, GError **error);

/* How many of an image's channels lie side by side. */
guint alexnet_onednn_tag_lanes (dnnl_format_tag_t tag, guint channels);

/* [n, size] in float, one behind the other. */
gboolean alexnet_onednn_floats_desc_new (DnnlDesc *desc, gsize n, gsize size,
    GError **error);

/* Zeroed, aligned for huge pages when it is large; NULL and NO_MEMORY. Give
 * back with free(). */
void *alexnet_onednn_alloc (gsize size, GError **error);

/* The same with anything in it, for who writes all of it: whichever thread is
 * the first to touch a page pays for it. */
void *alexnet_onednn_alloc_unset (gsize size, GError **error);

/* `src` -> `dst` at once, on a stream that nobody else uses meanwhile. */
gboolean alexnet_onednn_reorder (dnnl_stream_t stream, dnnl_memory_t src,
    dnnl_memory_t dst, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_MEMORY_H */
