/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A linear layer: a product that reads the weights once, at the speed of the
 * memory where that is what bounds it. For a few images it leaves out the
 * columns of weights that meet only zeros, which a ReLU makes many of. It
 * computes in float, or with precision int8, where the CPU has VNNI and no
 * input is negative, with inputs as whole numbers of 8 bits, scaled to the
 * largest of their image. */

#ifndef ALEXNET_ONEDNN_LINEAR_H
#define ALEXNET_ONEDNN_LINEAR_H

#include "onednn/step/program.h"

G_BEGIN_DECLS

/* Appends layer `i` of the context's network, with a ReLU behind it if `relu`.
 * It reads and writes [batch,C] in float. The weights are packed once in the
 * storage of the context and shared by all programs. NO_MEMORY. */
gboolean alexnet_onednn_linear_add (OnednnProgram *program, guint i,
    gboolean relu, GError **error);

/* Whether it is faster than oneDNN's product for that many images. */
gboolean alexnet_onednn_linear_wins (const OnednnContext *context, guint batch);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_H */
