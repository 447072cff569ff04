/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>

#include "support/backend-tests.h"
#include "reference/layers.h"
#include "reference/reference.h"

/* Wherever it is in a window. */
static void
test_pooled_nan (void)
{
  const AlexnetLayer layer = { .kind = ALEXNET_LAYER_MAXPOOL,
    .in = { 1, 3, 3 },
    .out = { 1, 1, 1 },
    .kernel = 3,
    .stride = 1 };

  for (guint i = 0; i < 9; i++) {
    float in[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, out = 0;

    in[i] = NAN;
    alexnet_reference_maxpool (&out, in, &layer);
    g_assert_true (isnan (out));
  }
}

int
main (int argc, char *argv[])
{
  static const BackendTestsPrecision precisions[] = {
    { ALEXNET_PRECISION_FP32, 1e-5 },
    { 0 },
  };

  g_test_init (&argc, &argv, NULL);
  backend_tests_add (&alexnet_reference_backend, precisions);
  g_test_add_func ("/backend/reference/pooled-nan", test_pooled_nan);
  return g_test_run ();
}
