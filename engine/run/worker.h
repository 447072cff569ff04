/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The thread that takes batches from an engine's ring and runs them. */

#ifndef ALEXNET_WORKER_H
#define ALEXNET_WORKER_H

#include "private.h"

G_BEGIN_DECLS

/* Makes the engine's lock and what is waited for under it. */
void alexnet_worker_init (AlexnetEngine *engine);

/* Starts the thread once the engine has a plan, and waits until it has run the
 * network for the first time. NO_MEMORY, and what the plan says. */
gboolean alexnet_worker_start (AlexnetEngine *engine, GError **error);

/* FALSE in a fork of the engine's process, which has none of its threads. The
 * worker is not there to be joined, nor who waits for a condition to leave it,
 * and what the backend holds is the parent's: nothing of it may be waited for,
 * ended or closed, and all is left as it is. */
gboolean alexnet_worker_is_here (const AlexnetEngine *engine);

/* Ends the thread, if it was started, and undoes init. */
void alexnet_worker_stop (AlexnetEngine *engine);

/* Batches may wait for a stream that is filling, which it is from a submission
 * until it says that none follows, while not all requests that it can have are
 * handed over: it has no other then until a batch has run. With the engine's
 * lock. */
void alexnet_worker_set_filling (AlexnetStream *stream, gboolean filling);
void alexnet_worker_add_handed (AlexnetStream *stream, int n);

/* Keeps why the plan is lost, unless that is known, and wakes all who would
 * wait for it in vain. Takes the error. With the engine's lock. */
void alexnet_worker_lose (AlexnetEngine *engine, GError *error);

/* Whether the device has failed, and so all that comes will. Any thread. */
gboolean alexnet_worker_is_lost (AlexnetEngine *engine);

/* Monotonic. */
guint64 alexnet_now (void);

G_END_DECLS

#endif /* ALEXNET_WORKER_H */
