/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pooling by loops of our own: the library's loses a NaN. */

#ifndef ALEXNET_ONEDNN_POOL_H
#define ALEXNET_ONEDNN_POOL_H

#include "onednn/step/program.h"

G_BEGIN_DECLS

/* Appends `layer`, a max pooling. Reads float, bf16, s8 or u8, and writes what
 * it reads, in the same format. NO_MEMORY. */
gboolean alexnet_onednn_add_maxpool (OnednnProgram *program,
    const AlexnetLayer *layer, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_POOL_H */
