/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights that are to stay in the L2 cache: what is asked of the device, and
 * of how many bytes. What a cache makes of it only a GPU can show. */

#include <cuda_runtime_api.h>

#include <string.h>

#include "backends.h"
#include "fixture.h"
#include "support/random-model.h"

#define MANY 9 /* too many images to keep weights for */
#define PLENTY (1 << 20)
#define ROUNDING 256 /* bytes that weights are aligned to */

static AlexnetNetwork *network;

/* A plan whose slots are filled. */
static AlexnetPlan *
open_on (guint ordinal, void *context, guint max_batch)
{
  AlexnetPlanParams params = { .precision = ALEXNET_PRECISION_FP16,
    .cpu_threads = 1,
    .cuda_device = ordinal,
    .cuda_context = context,
    .max_batch_size = max_batch,
    .n_slots = max_batch };
  g_autofree float *inputs = fixture_inputs (network, max_batch, 0);
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan = alexnet_backend_find ("cudnn", &error)
                          ->open (network, &params, &error);

  g_assert_no_error (error);
  fixture_stage (plan, network, 0, max_batch, inputs);
  return plan;
}

static AlexnetPlan *
open_plan (void)
{
  return open_on (0, NULL, 1);
}

/* Of the calling thread's device. */
static gsize
get_limit (void)
{
  gsize limit = 0;

  g_assert_cmpint (cudaDeviceGetLimit (&limit, cudaLimitPersistingL2CacheSize),
      ==, 0);
  return limit;
}

static void
set_limit (gsize limit)
{
  g_assert_cmpint (cudaDeviceSetLimit (cudaLimitPersistingL2CacheSize, limit),
      ==, 0);
}

/* Bytes of the persisting window in which a batch of n runs, all of it; 0: in
 * none. */
static gsize
get_window (AlexnetPlan *plan, guint n)
{
  guint n_works, n_nodes, n_lines = 0;
  gsize window = 0;
  g_auto (GStrv) lines = NULL;
  g_autofree char *text = NULL;

  g_free (fixture_infer_best (plan, 0, n));
  g_free (softgpu_take_works (&n_works, &n_nodes));
  g_free (fixture_infer_best (plan, 0, n));
  text = softgpu_take_works (&n_works, &n_nodes);
  lines = g_strsplit (text, "\n", 0);
  for (guint i = 0; *lines[i]; i++) {
    const char *found = strstr (lines[i], " persisting ");
    gsize size = found ? g_ascii_strtoull (strrchr (found, ' '), NULL, 10) : 0;

    /* Other slots are filled in their own time, and by other streams. */
    if (strstr (lines[i], "alexnet_tensor_") ||
        g_str_has_suffix (lines[i], "copy")) {
      g_assert_null (found);
      continue;
    }
    if (n_lines++ > 0 && size != window)
      g_error ("not all of a batch has the same window:\n%s", text);
    window = size;
  }
  g_assert_cmpuint (n_lines, >, 4);
  return window;
}

/* Bytes of all weights as they lie on the device. */
static gsize
get_size (void)
{
  gsize size;
  AlexnetPlan *plan;

  softgpu_set_l2 (PLENTY, PLENTY, PLENTY);
  plan = open_plan ();
  size = get_window (plan, 1);
  fixture_close (plan);
  return size;
}

/* The first convolution's filters are padded to blocks, and the weights of each
 * layer aligned. */
static void
test_all (void)
{
  gsize least = 0, size = get_size ();
  AlexnetPlan *plan = open_on (0, NULL, MANY);

  for (guint i = 0; i < network->n_layers; i++)
    if (network->layers[i].weight.data)
      least += 2 * alexnet_tensor_n_values (&network->layers[i].weight);
  g_assert_cmpuint (size, >=, least);
  g_assert_cmpuint (size, <, least + least / 4 + network->n_layers * ROUNDING);
  g_assert_cmpuint (get_limit (), ==, size);
  g_assert_cmpuint (get_window (plan, MANY), ==, 0);
  g_assert_cmpuint (get_window (plan, MANY - 1), ==, size);
  g_assert_cmpuint (get_window (plan, MANY), ==, 0);
  g_assert_cmpuint (get_window (plan, 1), ==, size);
  fixture_close (plan);
  g_assert_cmpuint (get_limit (), ==, 0);
  softgpu_reset ();
}

/* A device that keeps less than all, and one that keeps nothing. */
static void
test_some (void)
{
  static const struct {
    gsize persisting, granted, window, wanted;
  } devices[] = {
    { 8192, 8192, PLENTY, 8192 },
    { PLENTY, PLENTY, 4096, 4096 },
    { PLENTY, 2048, PLENTY, 2048 },
    { PLENTY, 0, PLENTY, 0 },
    { PLENTY, PLENTY, 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (devices); i++) {
    AlexnetPlan *plan;

    softgpu_set_l2 (devices[i].persisting, devices[i].granted,
        devices[i].window);
    plan = open_plan ();
    g_assert_cmpuint (get_window (plan, 1), ==, devices[i].wanted);
    g_assert_cmpuint (get_limit (), ==, devices[i].wanted);
    fixture_close (plan);
    softgpu_reset ();
  }
}

static AlexnetBest *
classify_without (void)
{
  AlexnetPlan *plan = open_plan ();
  AlexnetBest *best = fixture_infer_best (plan, 0, 1);

  g_assert_cmpuint (get_window (plan, 1), ==, 0);
  fixture_close (plan);
  softgpu_reset ();
  return best;
}

/* A device without, or a user who does not want it: the same results. */
static void
test_none (void)
{
  AlexnetPlan *plan = open_plan ();
  g_autofree AlexnetBest *expected = fixture_infer_best (plan, 0, 1);

  g_assert_cmpuint (get_window (plan, 1), >, 0);
  fixture_close (plan);
  for (guint i = 0; i < 3; i++) {
    g_autofree AlexnetBest *best = NULL;

    softgpu_reset ();
    if (i == 0)
      softgpu_set_l2 (0, 0, 0);
    else if (i == 1)
      softgpu_set_capability (0, 75);
    else
      g_setenv ("ALEXNET_CUDNN_L2", "0", TRUE);
    best = classify_without ();
    g_assert_cmpmem (best, ALEXNET_MAX_BEST * sizeof *best, expected,
        ALEXNET_MAX_BEST * sizeof *best);
  }
  g_unsetenv ("ALEXNET_CUDNN_L2");
}

/* Who comes later gets what is left, and nobody loses what he has. */
static void
test_shared (void)
{
  gsize size = get_size (), half = size / 2;
  AlexnetPlan *a, *b, *c, *d;

  softgpu_set_l2 (size + half, size + half, PLENTY);
  a = open_plan ();
  b = open_plan ();
  c = open_plan ();
  g_assert_cmpuint (get_window (a, 1), ==, size);
  g_assert_cmpuint (get_window (b, 1), ==, half);
  g_assert_cmpuint (get_window (c, 1), ==, 0);
  g_assert_cmpuint (get_limit (), ==, size + half);
  fixture_close (a);
  g_assert_cmpuint (get_limit (), ==, half);
  g_assert_cmpuint (get_window (b, 1), ==, half);
  d = open_plan ();
  g_assert_cmpuint (get_window (d, 1), ==, size);
  fixture_close (c);
  fixture_close (b);
  g_assert_cmpuint (get_window (d, 1), ==, size);
  g_assert_cmpuint (get_limit (), ==, size);
  fixture_close (d);
  g_assert_cmpuint (get_limit (), ==, 0);
  softgpu_reset ();
}

/* An application that keeps something too has it for itself. */
static void
test_application (void)
{
  gsize size = get_size ();
  AlexnetPlan *plan;

  softgpu_set_l2 (size, size, PLENTY);
  set_limit (4096);
  plan = open_plan ();
  g_assert_cmpuint (get_window (plan, 1), ==, size - 4096);
  g_assert_cmpuint (get_limit (), ==, size);
  fixture_close (plan);
  g_assert_cmpuint (get_limit (), ==, 4096);
  set_limit (size);
  plan = open_plan ();
  g_assert_cmpuint (get_window (plan, 1), ==, 0);
  fixture_close (plan);
  g_assert_cmpuint (get_limit (), ==, size);
  set_limit (0);
  softgpu_reset ();
}

/* Each context has a limit of its own. */
static void
test_contexts (void)
{
  gsize size = get_size ();
  AlexnetPlan *plans[3];

  softgpu_set_devices (2);
  softgpu_set_l2 (size, size, PLENTY);
  plans[0] = open_on (0, NULL, 1);
  plans[1] = open_on (1, NULL, 1);
  plans[2] = open_on (0, softgpu_context (0), 1);
  for (guint i = 0; i < G_N_ELEMENTS (plans); i++)
    g_assert_cmpuint (get_window (plans[i], 1), ==, size);
  for (guint i = 0; i < G_N_ELEMENTS (plans); i++)
    fixture_close (plans[i]);
  g_assert_cmpint (cudaSetDevice (0), ==, 0);
  softgpu_reset ();
}

/* What a lost device had does not count any more. */
static void
test_lost (void)
{
  gsize size = get_size ();
  AlexnetPlan *lost[2], *plan;
  AlexnetBest best[ALEXNET_MAX_BEST], *pointer = best;

  softgpu_set_l2 (size, size, PLENTY);
  for (guint i = 0; i < G_N_ELEMENTS (lost); i++)
    lost[i] = open_plan ();
  softgpu_lose_device (1);
  for (guint i = 0; i < G_N_ELEMENTS (lost); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (lost[i]->backend->infer_best (lost[i], 0, 1, &pointer,
        &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE);
  }
  for (guint i = 0; i < G_N_ELEMENTS (lost); i++)
    fixture_close (lost[i]);
  softgpu_reset ();
  softgpu_set_l2 (size, size, PLENTY);
  plan = open_plan ();
  g_assert_cmpuint (get_window (plan, 1), ==, size);
  fixture_close (plan);
  softgpu_reset ();
}

/* One that is lost does not take from another. */
static void
test_lost_beside (void)
{
  gsize size = get_size ();
  AlexnetPlan *lost, *plan;
  AlexnetBest best[ALEXNET_MAX_BEST], *pointer = best;
  g_autoptr (GError) error = NULL;

  softgpu_set_devices (2);
  softgpu_set_l2 (size, size, PLENTY);
  lost = open_on (1, NULL, 1);
  plan = open_plan ();
  g_assert_cmpuint (get_window (lost, 1), ==, size);
  softgpu_lose_device (1);
  g_assert_false (lost->backend->infer_best (lost, 0, 1, &pointer, &error));
  g_assert_cmpint (cudaSetDevice (0), ==, 0);
  fixture_close (lost);
  g_assert_cmpuint (get_limit (), ==, size);
  g_assert_cmpuint (get_window (plan, 1), ==, size);
  fixture_close (plan);
  softgpu_reset ();
}

/* Opens a plan while the n-th call fails as none of a limit is said to. */
static AlexnetPlan *
open_failing (guint n)
{
  static const SoftgpuStatus status = { cudaErrorInvalidValue, 1, 1 };
  g_autoptr (GError) error = NULL;

  softgpu_reset ();
  softgpu_fail_call (n, &status);
  return fixture_try_open (network, ALEXNET_PRECISION_FP16, 1, &error);
}

/* Gives the limit that there is then. */
static gsize
check_refused (const char *call)
{
  AlexnetPlan *plan = open_failing (1);
  g_autofree float *inputs = fixture_inputs (network, 1, 0);
  gsize limit;

  for (guint n = 2; g_strcmp0 (softgpu_failed_call (), call) != 0; n++) {
    g_assert_nonnull (softgpu_failed_call ());
    g_clear_pointer (&plan, fixture_close);
    plan = open_failing (n);
  }
  g_assert_nonnull (plan);
  fixture_stage (plan, network, 0, 1, inputs);
  g_assert_cmpuint (get_window (plan, 1), ==, 0);
  limit = get_limit ();
  fixture_close (plan);
  softgpu_reset ();
  return limit;
}

/* Whatever is said of the limit or of the stream's window, weights are read
 * without one. */
static void
test_refused (void)
{
  g_assert_cmpuint (check_refused ("cudaDeviceSetLimit"), ==, 0);
  g_assert_cmpuint (check_refused ("cudaStreamSetAttribute"), >, 0);
}

static gpointer
open_and_close (gpointer unused)
{
  for (guint i = 0; i < 3; i++) {
    AlexnetPlan *plan = open_plan ();

    g_free (fixture_infer_best (plan, 0, 1));
    fixture_close (plan);
  }
  return NULL;
}

static void
test_threads (void)
{
  gsize size = get_size ();
  GThread *threads[3];

  softgpu_set_l2 (2 * size, 2 * size, PLENTY);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("user", open_and_close, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (get_limit (), ==, 0);
  softgpu_reset ();
}

int
main (int argc, char **argv)
{
  int status;

  cache_directory_init (&argc, &argv);
  network = fixture_small_network ();
  g_test_add_func ("/softgpu/l2/all", test_all);
  g_test_add_func ("/softgpu/l2/some", test_some);
  g_test_add_func ("/softgpu/l2/none", test_none);
  g_test_add_func ("/softgpu/l2/refused", test_refused);
  g_test_add_func ("/softgpu/l2/shared", test_shared);
  g_test_add_func ("/softgpu/l2/application", test_application);
  g_test_add_func ("/softgpu/l2/contexts", test_contexts);
  g_test_add_func ("/softgpu/l2/lost", test_lost);
  g_test_add_func ("/softgpu/l2/lost-beside", test_lost_beside);
  g_test_add_func ("/softgpu/l2/threads", test_threads);
  status = cache_directory_run ();
  random_model_clear (network);
  g_free (network);
  return status;
}
