/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "support/backend-tests.h"
#include "reference/reference.h"

int
main (int argc, char *argv[])
{
  static const BackendTestsPrecision precisions[] = {
    { ALEXNET_PRECISION_FP32, 1e-5 },
    { 0 },
  };

  g_test_init (&argc, &argv, NULL);
  backend_tests_add (&alexnet_reference_backend, precisions);
  return g_test_run ();
}
