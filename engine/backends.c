/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "backends.h"

#include <pthread.h>

#include "backend/module.h"
#include "reference/reference.h"
#ifdef HAVE_ONEDNN
#include "onednn/onednn.h"
#else
/* What is not in this build keeps its place. */
static const AlexnetBackend alexnet_onednn_backend = { .name = "cpu" };
#endif

const AlexnetBackend *const alexnet_backends[] = {
  &alexnet_cudnn_backend,
  &alexnet_onednn_backend,
  &alexnet_reference_backend,
  NULL,
};

static const char *backend_names[G_N_ELEMENTS (alexnet_backends)];

static void
fill_backend_names (void)
{
  guint n = 0;

  for (guint i = 0; alexnet_backends[i]; i++)
    if (alexnet_backends[i]->open)
      backend_names[n++] = alexnet_backends[i]->name;
}

const char *const *
alexnet_backend_names (void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, fill_backend_names);
  return backend_names;
}

const AlexnetBackend *
alexnet_backend_find (const char *name, GError **error)
{
  g_autofree char *names = NULL;

  for (guint i = 0; alexnet_backends[i]; i++)
    if (alexnet_backends[i]->open &&
        g_str_equal (alexnet_backends[i]->name, name))
      return alexnet_backends[i];

  names = g_strjoinv (", ", (char **) alexnet_backend_names ());
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "backend '%s' is not in this build; it has: %s", name, names);
  return NULL;
}
