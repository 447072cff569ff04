/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef LAYER_CASES_H
#define LAYER_CASES_H

#include "network/network.h"

G_BEGIN_DECLS

typedef struct {
  AlexnetShape in;
  AlexnetLayer layer;
} LayerCase;

/* Each kind of layer over many shapes, shapes not inferred, without weights.
 * The last one has an input of no channels. */
extern const LayerCase layer_cases[];

G_END_DECLS

#endif /* LAYER_CASES_H */
