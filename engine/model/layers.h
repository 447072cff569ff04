/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether the modules that a file keeps are the layers of its network. */

#ifndef ALEXNET_LAYERS_H
#define ALEXNET_LAYERS_H

#include "formats/formats.h"

G_BEGIN_DECLS

/* Compares the source's modules that hold the weights of `network`, which is
 * bound, and those between them, as far as they have the numbers that its
 * layers give them: features.1 is the one behind features.0. Modules that the
 * file does not keep, and those of other names, can be any. FORMAT: one is of
 * another class than the layer, or set otherwise. */
gboolean alexnet_layers_check (const AlexnetModelSource *source,
    const AlexnetNetwork *network, GError **error);

G_END_DECLS

#endif /* ALEXNET_LAYERS_H */
