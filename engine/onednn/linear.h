/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A linear layer on a few images: a product that reads the weights once, at
 * the speed of the memory, whatever they are stored in. It computes in
 * float. */

#ifndef ALEXNET_ONEDNN_LINEAR_H
#define ALEXNET_ONEDNN_LINEAR_H

#include "program.h"

G_BEGIN_DECLS

/* Appends layer `i` of the context's network, with a ReLU behind it if `relu`.
 * It reads and writes [batch,C] in float. The weights are packed once in the
 * storage of the context and shared by all programs. NO_MEMORY. */
gboolean alexnet_onednn_linear_add (OnednnProgram *program, guint i,
    gboolean relu, GError **error);

/* Whether it is faster than oneDNN's product for that many images. */
gboolean alexnet_onednn_linear_wins (const OnednnContext *context, guint batch);

/* What the weights of which layer are stored as. g_free() it. */
char *alexnet_onednn_linear_describe (const OnednnContext *context);

/* Packed weights by layer; for the context. */
GPtrArray *alexnet_onednn_linear_matrices_new (void);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_H */
