/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "caller.h"

#include <pthread.h>

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

typedef struct {
  AlexnetBackendCall func;
  gpointer data;
  GError **error;
  gboolean ok;
} Call;

static void *
call_here (void *data)
{
  Call *call = data;

  call->ok = call->func (call->data, call->error);
  return NULL;
}

gboolean
alexnet_backend_call_apart (AlexnetBackendCall func, gpointer data,
    GError **error)
{
  Call call = { func, data, error, FALSE };
  pthread_t thread;
  int status = pthread_create (&thread, NULL, call_here, &call);

  if (status != 0) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "cannot start a thread that calls a backend: %s", g_strerror (status));
    return FALSE;
  }
  pthread_join (thread, NULL);
  return call.ok;
}
