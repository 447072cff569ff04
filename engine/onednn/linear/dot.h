/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The same inner loop for weights and inputs that are whole numbers. */

#ifndef ALEXNET_ONEDNN_LINEAR_DOT_H
#define ALEXNET_ONEDNN_LINEAR_DOT_H

#include "kernels.h"

G_BEGIN_DECLS

/* For LINEAR_S8 and in: guint8, exact but for the scales. The step is
 * LINEAR_SLICE, within which alexnet_onednn_linear_dot_place() says where the
 * sum of a row lies. NULL where the instruction set is not there. */
OnednnLinearKernel alexnet_onednn_linear_dot (AlexnetIsa isa);

static inline gsize
alexnet_onednn_linear_dot_place (gsize row)
{
  return row % 16 / 4 * 16 + row / 16 * 4 + row % 4;
}

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_DOT_H */
