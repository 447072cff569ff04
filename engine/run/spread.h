/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* In which order devices are tried for another user of one. */

#ifndef ALEXNET_SPREAD_H
#define ALEXNET_SPREAD_H

#include "private.h"

G_BEGIN_DECLS

/* Ordinals 0 .. n - 1 by what `engines`, NULL if there are none, compute on
 * them: first the device with the fewest users, which are streams and whoever
 * holds an engine without one; of equal ones the lower ordinal; those that an
 * engine has lost come last. With the registry's lock. */
guint *alexnet_spread_rank (const GPtrArray *engines, guint n);

G_END_DECLS

#endif /* ALEXNET_SPREAD_H */
