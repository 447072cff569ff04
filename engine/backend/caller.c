/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "caller.h"

static const char *const memories[] = {
  [ALEXNET_MEMORY_HOST] = "host",
  [ALEXNET_MEMORY_CUDA] = "CUDA",
};

gboolean
alexnet_backend_check_memory (const AlexnetBackend *backend,
    AlexnetMemory memory, GError **error)
{
  if ((guint) memory >= G_N_ELEMENTS (memories))
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "memory %d is no AlexnetMemory", (int) memory);
  else if (!(backend->memories & 1u << memory))
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "backend '%s' cannot read %s memory", backend->name, memories[memory]);
  else
    return TRUE;
  return FALSE;
}
