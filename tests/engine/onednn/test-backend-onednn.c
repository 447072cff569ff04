/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "backends.h"
#include "support/backend-tests.h"

int
main (int argc, char *argv[])
{
  /* test-winograd.c holds Winograd's ways to bounds of their own. Here they
   * would make what bf16 loses a matter of luck: the one image that the golden
   * logits of the narrow caffe are of changes by 0.005 to 0.025, depending on
   * which layers round, and by 0.015 when all do. tests/data/ideal_bf16.py
   * computes that. */
  static const BackendTestsPrecision precisions[] = {
    { ALEXNET_PRECISION_FP32, 1e-5, "direct" },
    /* Only weights of linear layers are rounded, to 11 bits. */
    { ALEXNET_PRECISION_FP16, 2e-3, NULL },
    { ALEXNET_PRECISION_BF16, 2e-2, "direct" },
    { 0 },
  };

  g_test_init (&argc, &argv, NULL);
  backend_tests_add (alexnet_backend_find ("cpu", NULL), precisions);
  return g_test_run ();
}
