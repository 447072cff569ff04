/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A backend in a shared object of its own, which is opened when it is wanted:
 * the library, and all that uses it, load on machines that have none of what
 * the backend needs. */

#ifndef ALEXNET_MODULE_H
#define ALEXNET_MODULE_H

#include "backend.h"

G_BEGIN_DECLS

/* Changes with backend.h, network.h, preprocess.h and alexnet.h. */
#define ALEXNET_MODULE_ABI 7

/* What a module exports, as ALEXNET_MODULE_SYMBOL. `abi` stays first. */
typedef struct {
  guint32 abi;
  const AlexnetBackend *backend;
} AlexnetModule;

#define ALEXNET_MODULE_SYMBOL "alexnet_module"

/* Opens backend-cudnn.so, from $ALEXNET_BACKEND_DIR or else from where it was
 * installed, and then does what its backend does, whose plans are its own.
 * UNSUPPORTED: not installed (naming the places), no driver that starts with a
 * device, which is asked first, cannot be loaded, of another version; and the
 * module's own reasons. A module stays loaded. */
extern const AlexnetBackend alexnet_cudnn_backend;

G_END_DECLS

#endif /* ALEXNET_MODULE_H */
