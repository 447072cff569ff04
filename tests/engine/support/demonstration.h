/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef DEMONSTRATION_H
#define DEMONSTRATION_H

#include <glib.h>

/* The file of the demonstration model. g_free() it. */
static inline char *
demonstration_path (void)
{
  return g_build_filename (g_getenv ("ALEXNET_TEST_MODELS"),
      "alexnet-cifar10.safetensors", NULL);
}

#endif /* DEMONSTRATION_H */
