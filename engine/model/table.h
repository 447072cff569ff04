/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A network's table of layers as JSON, the key `layers` of a file's metadata
 * (metadata.h), for a network that none of the const tables describes:
 *
 *     {"input": [3, 224, 224], "layers": [
 *       {"type": "conv", "name": "conv1", "channels": 96, "kernel": 11,
 *        "stride": 4, "padding": 0, "end_padding": 0, "groups": 1},
 *       {"type": "relu"},
 *       {"type": "lrn", "size": 5, "alpha": 0.0001, "beta": 0.75, "k": 1.0},
 *       {"type": "maxpool", "kernel": 3, "stride": 2, "padding": 0,
 *        "end_padding": 1},
 *       {"type": "linear", "name": "fc6", "channels": 4096}, ...]}
 *
 * with "dropout", "avgpool" (size) and "softmax" as further types. Fields mean
 * what AlexnetLayer says, every one is required and no other allowed. */

#ifndef ALEXNET_TABLE_H
#define ALEXNET_TABLE_H

#include "network/network.h"

G_BEGIN_DECLS

/* The architecture of a table that is none of the const ones. */
#define ALEXNET_CUSTOM_ARCHITECTURE "custom"

/* The const table that this one is but for channels; NULL: there is none. */
const AlexnetNetwork *alexnet_table_find (const AlexnetNetwork *network);

/* The caller frees it. */
char *alexnet_table_to_json (const AlexnetNetwork *network);

/* Fills in a network without weights, its shapes not inferred. Names of layers
 * are added to `arena`, which frees them. FORMAT. */
gboolean alexnet_table_from_json (AlexnetNetwork *network, const char *json,
    GPtrArray *arena, GError **error);

G_END_DECLS

#endif /* ALEXNET_TABLE_H */
