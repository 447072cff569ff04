/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every call of CUDA, cuDNN and cublasLt fails once; the device is too small,
 * is lost, is not there. Each time there is one error that says what happened,
 * and nothing is left behind. */

#include <cublasLt.h>
#include <cudnn.h>
#include <string.h>

#include "backends.h"
#include "fixture.h"
#include "support/random-model.h"
#include "support/says.h"

#define MAX_BATCH 2
#define N_IMAGES 4

static guint max_batch = MAX_BATCH;
static GString *warnings, *notes;
static AlexnetNetwork *network;
static float *inputs;

/* One of each layer, little to compute. */
static AlexnetNetwork *
make_network (void)
{
  static const AlexnetLayer layers[] = {
    { .kind = ALEXNET_LAYER_CONV,
        .name = "a",
        .channels = 8,
        .kernel = 5,
        .stride = 2,
        .groups = 1 },
    { .kind = ALEXNET_LAYER_RELU },
    { .kind = ALEXNET_LAYER_LRN,
        .size = 5,
        .alpha = 1e-4f,
        .beta = 0.75f,
        .k = 1 },
    { .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 3, .stride = 2 },
    { .kind = ALEXNET_LAYER_CONV,
        .name = "b",
        .channels = 8,
        .kernel = 3,
        .stride = 1,
        .padding = 1,
        .end_padding = 1,
        .groups = 2 },
    { .kind = ALEXNET_LAYER_LINEAR, .name = "c", .channels = 8 },
    { .kind = ALEXNET_LAYER_SOFTMAX },
  };
  AlexnetNetwork *n = g_new0 (AlexnetNetwork, 1);

  n->architecture = "small";
  n->input = (AlexnetShape){ 3, 19, 19 };
  n->n_layers = G_N_ELEMENTS (layers);
  memcpy (n->layers, layers, sizeof layers);
  g_assert_true (alexnet_network_infer_shapes (n, NULL));
  random_model_fill (n);
  return n;
}

static void
take_log (const char *domain, GLogLevelFlags level, const char *message,
    gpointer user)
{
  g_string_append_printf (level & G_LOG_LEVEL_WARNING ? warnings : notes,
      "%s\n", message);
}

/* All classes are among the best. */
static gboolean
infer_best (AlexnetPlan *plan, guint first, float *outputs, GError **error)
{
  gsize n_out = alexnet_shape_size (alexnet_network_output (network));
  AlexnetBest best[MAX_BATCH][ALEXNET_MAX_BEST];
  AlexnetBest *const pointers[MAX_BATCH] = { best[0], best[1] };

  g_assert_cmpuint (n_out, ==, ALEXNET_MAX_BEST);
  if (!plan->backend->infer_best (plan, first, max_batch, pointers, error))
    return FALSE;
  for (guint i = 0; i < max_batch; i++)
    for (guint k = 0; k < ALEXNET_MAX_BEST; k++)
      outputs[i * n_out + best[i][k].class_id] = best[i][k].probability;
  return TRUE;
}

static gboolean
infer (AlexnetPlan *plan, guint first, float *outputs, GError **error)
{
  gsize n_out = alexnet_shape_size (alexnet_network_output (network));
  float *const pointers[MAX_BATCH] = { outputs, outputs + n_out };

  return plan->backend->infer (plan, first, max_batch, pointers, error);
}

/* Opens, stages, runs some batches, of which one says only what is best,
 * closes. The outputs, or NULL with the error. */
static float *
use_module (guint ordinal, GError **error)
{
  AlexnetPlanParams params = { ALEXNET_PRECISION_FP16, 1, ordinal, NULL,
    max_batch, N_IMAGES };
  gsize n_in = alexnet_shape_size (&network->input);
  gsize n_out = alexnet_shape_size (alexnet_network_output (network));
  g_autofree float *outputs = g_new0 (float, N_IMAGES *n_out);
  const AlexnetBackend *backend = alexnet_backend_find ("cudnn", error);
  AlexnetPlan *plan = backend->open (network, &params, error);
  gboolean ok = plan != NULL;

  for (guint i = 0; ok && i < N_IMAGES; i++)
    ok = plan->backend->stage_tensor (plan, i, inputs + i * n_in, error);
  for (guint i = 0; ok && i < N_IMAGES; i += max_batch) {
    float *some = outputs + i * n_out;

    ok = i == 0 ? infer_best (plan, i, some, error)
                : infer (plan, i, some, error);
  }
  if (plan)
    fixture_close (plan);
  return ok ? g_steal_pointer (&outputs) : NULL;
}

static void
assert_clean (const char *what)
{
  g_autofree char *live = softgpu_list_live ();

  if (*live)
    g_error ("%s left:\n%s", what, live);
}

static float *
use_module_well (void)
{
  g_autoptr (GError) error = NULL;
  float *outputs = use_module (0, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (warnings->str, ==, "");
  assert_clean ("an ordinary run");
  return outputs;
}

static void
assert_same (const float *a, const float *b)
{
  gsize n_out = alexnet_shape_size (alexnet_network_output (network));

  g_assert_cmpmem (a, N_IMAGES * n_out * sizeof (float), b,
      N_IMAGES * n_out * sizeof (float));
}

static void
start (void)
{
  softgpu_reset ();
  g_string_truncate (warnings, 0);
  g_string_truncate (notes, 0);
}

static const char *
name_status (const char *call, const SoftgpuStatus *status)
{
  if (g_str_has_prefix (call, "cudnn"))
    return cudnnGetErrorString (status->cudnn);
  if (g_str_has_prefix (call, "cublas"))
    return cublasLtGetStatusName (status->cublas);
  return cudaGetErrorName (status->cuda);
}

/* Calls whose failure may pass without a word: a plan that cannot be built is
 * passed over, as is one that cannot be captured, and what is given back is
 * gone. A plan of the cache that is of no use is made anew, which is noted. */
static gboolean
is_harmless (const char *call)
{
  static const char *const calls[] = { "cudaStreamEndCapture",
    "cudnnBackendFinalize", "cudnnBackendDestroyDescriptor" };

  return g_strv_contains (calls, call);
}

static void
check_message (const char *message, const char *call,
    const SoftgpuStatus *status, guint n)
{
  if (!strstr (message, call) || !strstr (message, name_status (call, status)))
    g_error ("call %u, %s, failed with %s, but the message is: %s", n, call,
        name_status (call, status), message);
  if (strchr (message, '\n') && !g_str_has_suffix (message, "\n"))
    g_error ("more than one line: %s", message);
}

/* Gives the name of the n-th call, which failed; NULL: there are fewer. */
static const char *
fail_nth (guint n, const SoftgpuStatus *status, const float *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree float *outputs = NULL;
  const char *call;

  start ();
  softgpu_fail_call (n, status);
  outputs = use_module (0, &error);
  call = softgpu_failed_call ();
  assert_clean (call ? call : "a run without failure");
  if (!outputs) {
    g_assert_nonnull (call);
    check_message (error->message, call, status, n);
    g_assert_cmpstr (warnings->str, ==, "");
    return call;
  }
  assert_same (outputs, expected);
  if (call && warnings->len > 0)
    check_message (warnings->str, call, status, n);
  else if (call && strstr (notes->str, call))
    assert_says (notes->str, name_status (call, status));
  else if (call && !is_harmless (call))
    g_error ("call %u, %s, failed and nobody noticed", n, call);
  return call;
}

static void
test_every_call (gconstpointer cold)
{
  static const SoftgpuStatus status = { cudaErrorLaunchFailure,
    CUDNN_STATUS_INTERNAL_ERROR, CUBLAS_STATUS_INTERNAL_ERROR };
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree float *expected = NULL;
  const char *call;
  guint n = 0;

  start ();
  max_batch = cold ? 1 : MAX_BATCH;
  expected = use_module_well ();
  do {
    if (cold)
      cache_directory_clear ();
    call = fail_nth (++n, &status, expected);
    if (call)
      g_hash_table_add (seen, (gpointer) call);
  } while (call);
  g_test_message ("%u calls of %u kinds failed in turn", n - 1,
      g_hash_table_size (seen));
  g_assert_cmpuint (n, >, 200);
  g_assert_cmpuint (g_hash_table_size (seen), >, 40);
  max_batch = MAX_BATCH;
  start ();
}

/* The same with the statuses that mean too little memory. */
static void
test_no_memory (void)
{
  static const SoftgpuStatus status = { cudaErrorMemoryAllocation,
    CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED,
    CUBLAS_STATUS_ALLOC_FAILED };
  const char *call;
  guint n = 0;

  start ();
  g_free (use_module_well ());
  do {
    g_autoptr (GError) error = NULL;
    g_autofree float *outputs = NULL;

    start ();
    softgpu_fail_call (++n, &status);
    outputs = use_module (0, &error);
    call = softgpu_failed_call ();
    assert_clean (call ? call : "a run without failure");
    if (!outputs)
      g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY);
  } while (call);
  start ();
}

/* A device of every size up to one that is large enough. */
static void
test_small_device (void)
{
  g_autofree float *expected = NULL, *outputs = NULL;
  guint n_failed = 0;

  start ();
  expected = use_module_well ();
  for (gsize size = 1; !outputs; size += 3 << 20) {
    g_autoptr (GError) error = NULL;
    g_autofree char *total = g_strdup_printf ("of the device's %.1f MiB",
        (double) size / (1 << 20));

    start ();
    softgpu_set_memory (size);
    outputs = use_module (0, &error);
    assert_clean ("a small device");
    if (outputs)
      break;
    n_failed++;
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY);
    assert_says (error->message, total);
    assert_says (error->message, "free");
  }
  g_assert_cmpuint (n_failed, >, 5);
  assert_same (outputs, expected);
  start ();
}

/* The device is lost at each piece of its work. */
static void
test_lost (void)
{
  guint n_works, n_failed = 0;

  start ();
  g_free (use_module_well ());
  start ();
  g_free (use_module_well ());
  n_works = softgpu_n_works ();
  for (guint n = 1; n <= n_works; n++) {
    g_autoptr (GError) error = NULL, again = NULL;
    g_autofree float *outputs = NULL;

    start ();
    softgpu_lose_device (n);
    outputs = use_module (0, &error);
    assert_clean ("a lost device");
    if (outputs)
      continue;
    n_failed++;
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE);
    assert_says (error->message, "cudaErrorIllegalAddress");
    g_assert_null (use_module (0, &again));
    assert_says (again->message, "cudaErrorIllegalAddress");
    assert_clean ("another try");
  }
  g_assert_cmpuint (n_failed, >, n_works * 9 / 10);
  start ();
  g_free (use_module_well ());
}

static void
assert_refused (guint ordinal, const char *reason)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (use_module (ordinal, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  assert_says (error->message, reason);
  assert_clean (reason);
  start ();
}

static void
test_absent (void)
{
  start ();
  softgpu_set_driver_version (0);
  assert_refused (0, "no NVIDIA driver");
  softgpu_set_driver_version (CUDART_VERSION - 1000);
  assert_refused (0, "driver is too old");
  softgpu_set_devices (0);
  assert_refused (0, "no CUDA device");
  assert_refused (3, "no CUDA device 3");
  softgpu_set_capability (0, 70);
  assert_refused (0, "compute capability 7.0");
  softgpu_set_cudnn_version (90100);
  assert_refused (0, "cuDNN 9.1.0 was found");
}

/* A type that the device has not is refused and says so; the same device
 * runs the others. */
static void
test_old_device (void)
{
  g_autoptr (GError) error = NULL;

  start ();
  softgpu_set_capability (0, 75);
  g_assert_null (fixture_try_open (network, ALEXNET_PRECISION_BF16, 1, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  assert_says (error->message, "bf16");
  assert_says (error->message, "softgpu");
  g_free (use_module_well ());
  start ();
}

/* A layer for which there is no plan is a failure that says all there is. */
static void
test_no_plan (void)
{
  static const char *const words[] = { "softgpu", "conv1", "batch of 1", "fp16",
    "no plan" };
  g_autoptr (GError) error = NULL;

  start ();
  cache_directory_clear ();
  softgpu_set_no_engines ();
  g_assert_null (use_module (0, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    assert_says (error->message, words[i]);
  assert_clean ("a network without plans");
  start ();
}

static void
test_auto (void)
{
  AlexnetPlan *plan;

  start ();
  plan = fixture_open (network, ALEXNET_PRECISION_AUTO, 1);
  g_assert_cmpuint (plan->precision, ==, ALEXNET_PRECISION_FP16);
  fixture_close (plan);
  start ();
}

static gpointer
use_from_thread (gpointer ordinal)
{
  g_autoptr (GError) error = NULL;
  float *outputs = use_module (GPOINTER_TO_UINT (ordinal), &error);

  g_assert_no_error (error);
  return outputs;
}

/* The second of two devices, from a thread that has been on the first. */
static void
test_second_device (void)
{
  g_autofree float *expected = NULL, *outputs = NULL, *again = NULL;

  start ();
  softgpu_set_devices (2);
  expected = use_module_well ();
  outputs = use_from_thread (GUINT_TO_POINTER (1));
  again = g_thread_join (g_thread_new ("second", use_from_thread,
      GUINT_TO_POINTER (1)));
  assert_same (outputs, expected);
  assert_same (again, expected);
  assert_clean ("the second device");
  start ();
}

int
main (int argc, char **argv)
{
  int status;

  cache_directory_init (&argc, &argv);
  warnings = g_string_new (NULL);
  notes = g_string_new (NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_log_set_handler ("alexnet", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO,
      take_log, NULL);
  network = make_network ();
  inputs = fixture_inputs (network, N_IMAGES, 0);

  g_test_add_func ("/softgpu/faults/absent", test_absent);
  g_test_add_func ("/softgpu/faults/old-device", test_old_device);
  g_test_add_func ("/softgpu/faults/no-plan", test_no_plan);
  g_test_add_func ("/softgpu/faults/auto", test_auto);
  g_test_add_func ("/softgpu/faults/second-device", test_second_device);
  g_test_add_func ("/softgpu/faults/small-device", test_small_device);
  g_test_add_func ("/softgpu/faults/lost", test_lost);
  g_test_add_func ("/softgpu/faults/no-memory", test_no_memory);
  g_test_add_data_func ("/softgpu/faults/every-call/warm", NULL,
      test_every_call);
  g_test_add_data_func ("/softgpu/faults/every-call/cold", "cold",
      test_every_call);
  status = cache_directory_run ();
  random_model_clear (network);
  g_free (network);
  g_free (inputs);
  g_string_free (warnings, TRUE);
  g_string_free (notes, TRUE);
  return status;
}
