/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_NETWORK_PRIVATE_H
#define ALEXNET_NETWORK_PRIVATE_H

#include "network.h"

G_BEGIN_DECLS

/* As PyTorch names its modules: "Conv2d". Static. */
const char *alexnet_layer_kind_name (AlexnetLayerKind kind);

G_END_DECLS

#endif /* ALEXNET_NETWORK_PRIVATE_H */
