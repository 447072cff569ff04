/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The weights of a linear layer, a few rows at a time: all of them as floats
 * would be the largest piece of memory that a plan ever has. */

#ifndef ALEXNET_ONEDNN_ROWS_H
#define ALEXNET_ONEDNN_ROWS_H

#include "context.h"

G_BEGIN_DECLS

/* Reads them, by all threads, into `memory`, [out, in] in whatever format.
 * NO_MEMORY, and what reading gives. */
gboolean alexnet_onednn_rows_fill (const OnednnContext *context, guint layer,
    dnnl_memory_t memory, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_ROWS_H */
