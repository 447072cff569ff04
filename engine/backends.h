/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The backends of this build: each is one folder and one line in backends.c,
 * which alone knows their folders. */

#ifndef ALEXNET_BACKENDS_H
#define ALEXNET_BACKENDS_H

#include "backend/backend.h"

G_BEGIN_DECLS

/* In the order in which "auto" tries them, NULL-terminated. One that is not in
 * this build has a name alone, and is found by none. */
extern const AlexnetBackend *const alexnet_backends[];

/* By name; UNSUPPORTED, naming the ones there are. */
const AlexnetBackend *alexnet_backend_find (const char *name, GError **error);

G_END_DECLS

#endif /* ALEXNET_BACKENDS_H */
