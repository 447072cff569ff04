/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The cuDNN backend, where there is a GPU that it runs on, or a software
 * device that takes the place of one. */

#include "support/backend-tests.h"
#include "support/cache-directory.h"
#include "backend/module.h"

static void
test_absent (gconstpointer reason)
{
  g_test_skip (reason);
}

/* Why there is no GPU; NULL when there is one. Other errors are findings. */
static char *
get_reason (void)
{
  AlexnetNetwork network = { .input = { 1, 1, 1 },
    .n_layers = 1,
    .layers = { { .kind = ALEXNET_LAYER_RELU } } };
  AlexnetPlanParams params = { .max_batch_size = 1, .n_slots = 1 };
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan;

  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  plan = alexnet_cudnn_backend.open (&network, &params, &error);
  if (plan)
    plan->backend->close (plan);
  else
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  return error ? g_strdup (error->message) : NULL;
}

int
main (int argc, char *argv[])
{
  /* TF32 and FP16 keep 11 bits of each factor, TF32 by dropping the others, so
   * that all products become smaller, BF16 8; INT8 keeps weights of
   * linear layers within a 254th of the largest of an output, and all else as
   * FP16 does. The last is what AUTO takes where it can. */
  static const BackendTestsPrecision precisions[] = {
    { ALEXNET_PRECISION_FP32, 1e-4 },
    { ALEXNET_PRECISION_TF32, 1e-2, .alone = 2e-3 },
    { ALEXNET_PRECISION_BF16, 3e-2, .alone = 1e-2 },
    { ALEXNET_PRECISION_INT8, 3e-2, .alone = 1e-2 },
    { ALEXNET_PRECISION_FP16, 5e-3 },
    { 0 },
  };
  g_autofree char *reason = NULL;

  cache_directory_init (&argc, &argv);
  reason = get_reason ();
  if (reason)
    g_test_add_data_func ("/backend/cudnn/absent", reason, test_absent);
  else
    backend_tests_add (&alexnet_cudnn_backend, precisions);
  return cache_directory_run ();
}
