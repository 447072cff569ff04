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

/* Calls `func` on a thread of its own and waits for it. A backend may give the
 * thread that it is called on helpers, as OpenMP does, and have it treat
 * denormals as 0. An application's thread may be the one that forks, and what
 * it then takes for its helpers would not be there; and its numbers are its
 * own. NO_MEMORY: there is no thread; and what `func` says. */
typedef gboolean (*AlexnetBackendCall) (gpointer data, GError **error);
gboolean alexnet_backend_call_apart (AlexnetBackendCall func, gpointer data,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_CALLER_H */
