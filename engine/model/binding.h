/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A part's tensors as the weights of a table of layers. */

#ifndef ALEXNET_BINDING_H
#define ALEXNET_BINDING_H

#include "part.h"

G_BEGIN_DECLS

/* Makes `network`, a const table with the names of a part that was found, one
 * of luma where its first convolution has one channel. */
void alexnet_part_take_channels (const AlexnetPart *part,
    AlexnetNetwork *network);

/* Binds the part's tensors to `network`, a table with the same names. FORMAT: a
 * weight is missing, a tensor is unusable or of a wrong shape; one is left
 * over. Adds to `notes`, char *, what else to tell; a bias that is missing
 * counts as zeros. */
gboolean alexnet_part_bind (const AlexnetPart *part, AlexnetNetwork *network,
    GPtrArray *notes, GError **error);

G_END_DECLS

#endif /* ALEXNET_BINDING_H */
