/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The key `int8` of a file's metadata (metadata.h), as a calibration writes
 * it. */

#ifndef ALEXNET_MODEL_INT8_H
#define ALEXNET_MODEL_INT8_H

#include "network/network.h"

G_BEGIN_DECLS

/* Fills in what the convolutions of `network` say about int8, or leaves them
 * alone where the file says nothing. The arrays of scales that the layers then
 * point to are added to `scales`, which frees them. FORMAT. */
gboolean alexnet_int8_read (GHashTable *metadata, AlexnetNetwork *network,
    GPtrArray *scales, GError **error);

G_END_DECLS

#endif /* ALEXNET_MODEL_INT8_H */
