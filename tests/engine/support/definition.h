/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The layers once more, each written as the formula for one output value. */

#ifndef DEFINITION_H
#define DEFINITION_H

#include "network/network.h"

G_BEGIN_DECLS

/* What `layer` makes of n images [n,C,H,W]: [n,K,P,Q]. g_free() it. */
float *definition_compute (const AlexnetLayer *layer, const float *in, guint n);

G_END_DECLS

#endif /* DEFINITION_H */
