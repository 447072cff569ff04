/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "backend.h"

#include "reference/reference.h"
#ifdef HAVE_ONEDNN
#include "onednn/onednn.h"
#endif

const AlexnetBackend *const alexnet_backends[] = {
#ifdef HAVE_ONEDNN
  &alexnet_onednn_backend,
#endif
  &alexnet_reference_backend,
  NULL,
};

const AlexnetBackend *
alexnet_backend_find (const char *name, GError **error)
{
  g_autofree char *names = NULL;

  for (guint i = 0; alexnet_backends[i]; i++)
    if (g_str_equal (alexnet_backends[i]->name, name))
      return alexnet_backends[i];

  names = g_strjoinv (", ", (char **) alexnet_backend_names ());
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "backend '%s' is not in this build; it has: %s", name, names);
  return NULL;
}
