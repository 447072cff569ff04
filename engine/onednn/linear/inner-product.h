/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A linear layer by the library. */

#ifndef ALEXNET_ONEDNN_INNER_PRODUCT_H
#define ALEXNET_ONEDNN_INNER_PRODUCT_H

#include "onednn/step/program.h"

G_BEGIN_DECLS

/* Appends layer `i` of the context's network, with a ReLU behind it if `relu`.
 * Reads the context's type and writes `type`. NO_MEMORY. */
gboolean alexnet_onednn_inner_product_add (OnednnProgram *program, guint i,
    gboolean relu, dnnl_data_type_t type, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INNER_PRODUCT_H */
