/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What all who call backends do. */

#ifndef ALEXNET_CALLER_H
#define ALEXNET_CALLER_H

#include "backend.h"

G_BEGIN_DECLS

/* INVALID when the backend cannot read memory of this kind, or there is no
 * such kind. */
gboolean alexnet_backend_check_memory (const AlexnetBackend *backend,
    AlexnetMemory memory, GError **error);

G_END_DECLS

#endif /* ALEXNET_CALLER_H */
