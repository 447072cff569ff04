/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "backends.h"

static void
test_absent (void)
{
  g_test_skip ("this build has no backend 'cpu': oneDNN was not found");
}

int
main (int argc, char *argv[])
{
  static const BackendsPrecision precisions[] = {
    /* Winograd's transforms round more often than a sum does. */
    { ALEXNET_PRECISION_FP32, 3e-5 },
    /* Only weights of linear layers are rounded, to 11 bits. */
    { ALEXNET_PRECISION_FP16, 2e-3 },
    { ALEXNET_PRECISION_BF16, 3e-2 },
    { 0 },
  };
  const AlexnetBackend *backend = alexnet_backend_find ("cpu", NULL);

  g_test_init (&argc, &argv, NULL);
  if (backend)
    backends_add_tests (backend, precisions);
  else
    g_test_add_func ("/backend/cpu/absent", test_absent);
  return g_test_run ();
}
