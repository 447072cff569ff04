/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Several devices: who is put where, one that is lost, some that cannot be
 * used, none. */

#include "alexnet.h"
#include "fixture.h"
#include "support/says.h"

#define N_DEVICES 3

static AlexnetModel *model;
static float *zeros;

typedef struct {
  AlexnetEngine *engine;
  AlexnetStream *stream;
} User;

static AlexnetEngine *
try_engine (const AlexnetEngineParams *wanted, GError **error)
{
  AlexnetEngineParams params = *wanted;

  params.max_batch_size = 1;
  if (params.precision == ALEXNET_PRECISION_AUTO)
    params.precision = ALEXNET_PRECISION_FP32;
  return alexnet_engine_get (model, &params, error);
}

static const AlexnetEngineParams spread = {
  .backend = "cudnn",
  .cuda_device = ALEXNET_CUDA_LEAST_LOADED,
};

static User
user_new_with (const AlexnetEngineParams *params)
{
  g_autoptr (GError) error = NULL;
  User user;

  user.engine = try_engine (params, &error);
  g_assert_no_error (error);
  user.stream = alexnet_stream_new (user.engine, NULL, 1);
  return user;
}

static User
user_new (void)
{
  return user_new_with (&spread);
}

static void
user_free (User *user)
{
  g_clear_pointer (&user->stream, alexnet_stream_free);
  g_clear_pointer (&user->engine, alexnet_engine_unref);
}

/* The ordinal, -1 of a CPU. */
static int
get_device (AlexnetEngine *engine)
{
  AlexnetEngineStats stats;

  alexnet_engine_get_stats (engine, &stats);
  return stats.cuda_device - 1;
}

static gboolean
run (User *user, GError **error)
{
  AlexnetRequest *request = alexnet_stream_submit_tensor (user->stream, zeros,
      error);
  AlexnetResult result;
  gboolean ok = request && alexnet_request_wait (request, &result, error);

  alexnet_request_release (request);
  return ok;
}

static void
run_well (User *user)
{
  g_autoptr (GError) error = NULL;

  run (user, &error);
  g_assert_no_error (error);
}

static void
start (guint n_devices)
{
  softgpu_reset ();
  softgpu_set_devices (n_devices);
}

static void
test_even (void)
{
  static const int expected[] = { 0, 1, 2, 0, 1, 2, 0, 1 };
  User users[G_N_ELEMENTS (expected)];

  start (N_DEVICES);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    users[i] = user_new ();
    g_assert_cmpint (get_device (users[i].engine), ==, expected[i]);
    run_well (&users[i]);
  }
  g_assert_true (users[0].engine == users[3].engine);
  g_assert_true (users[0].engine != users[1].engine);

  user_free (&users[1]);
  user_free (&users[4]);
  for (guint i = 1; i < 5; i += 3) {
    users[i] = user_new ();
    g_assert_cmpint (get_device (users[i].engine), ==, 1);
  }
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    user_free (&users[i]);
  start (1);
}

/* Streams count where one engine has many of them, and so do those who chose
 * their device. */
static void
test_loads (void)
{
  AlexnetEngineParams last = spread;
  AlexnetStream *streams[2];
  User chosen, other, busy;

  start (N_DEVICES);
  busy = user_new ();
  g_assert_cmpint (get_device (busy.engine), ==, 0);
  for (guint i = 0; i < 2; i++)
    streams[i] = alexnet_stream_new (busy.engine, NULL, 1);
  last.cuda_device = N_DEVICES;
  chosen = user_new_with (&last);
  g_assert_cmpint (get_device (chosen.engine), ==, 2);
  other = user_new ();
  g_assert_cmpint (get_device (other.engine), ==, 1);
  user_free (&other);
  other = user_new ();
  g_assert_cmpint (get_device (other.engine), ==, 1);
  user_free (&chosen);
  chosen = user_new ();
  g_assert_cmpint (get_device (chosen.engine), ==, 2);
  for (guint i = 0; i < 2; i++)
    alexnet_stream_free (streams[i]);
  user_free (&busy);
  user_free (&other);
  user_free (&chosen);
  start (1);
}

/* Takes its users with it and nobody else, and gets no new ones, before and
 * after its engine is gone. */
static void
test_lost (void)
{
  User users[2 * N_DEVICES], more;
  guint n_lost = 0;

  start (N_DEVICES);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    users[i] = user_new ();
  softgpu_lose_device (1);
  for (guint round = 0; round < 2; round++)
    for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
      g_autoptr (GError) error = NULL;

      if (!run (&users[i], &error)) {
        g_assert_cmpint (get_device (users[i].engine), ==, 0);
        g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE);
        assert_says (error->message, "CUDA device 0");
        assert_says (error->message, "cudaErrorIllegalAddress");
        n_lost++;
      }
    }
  g_assert_cmpuint (n_lost, ==, 4);
  user_free (&users[3]);
  more = user_new ();
  g_assert_cmpint (get_device (more.engine), ==, 1);
  user_free (&users[0]);
  users[0] = user_new ();
  g_assert_cmpint (get_device (users[0].engine), ==, 2);
  users[3] = user_new ();
  g_assert_cmpint (get_device (users[3].engine), ==, 1);
  run_well (&users[3]);
  user_free (&more);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    user_free (&users[i]);
  start (1);
}

/* One engine loses the device of two others. When these have noticed, nobody
 * gets them any more, though the one that lost it is gone. */
static void
test_lost_by_another (void)
{
  AlexnetEngineParams params[] = { spread, { .backend = "auto" }, spread,
    spread, spread, spread };
  static const int expected[] = { 0, 0, 0, 1, 1, 1 }, after[] = { 1, -1 };
  User users[G_N_ELEMENTS (expected)], more[2];

  params[0].id = "any";
  params[2].cuda_device = 1;
  for (guint i = 3; i < G_N_ELEMENTS (params); i++)
    params[i].cuda_device = 2;
  start (2);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    users[i] = user_new_with (&params[i]);
    g_assert_cmpint (get_device (users[i].engine), ==, expected[i]);
  }
  softgpu_lose_device (1);
  g_assert_false (run (&users[2], NULL));
  user_free (&users[2]);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (run (&users[i], &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE);
  }
  for (guint i = 0; i < 2; i++) {
    more[i] = user_new_with (&params[i]);
    g_assert_cmpint (get_device (more[i].engine), ==, after[i]);
    run_well (&more[i]);
    user_free (&more[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    user_free (&users[i]);
  start (1);
}

/* Where it cannot be used, or not for this, the others are. */
static void
test_kinds (void)
{
  AlexnetEngineParams bf16 = spread;
  User users[4];

  bf16.precision = ALEXNET_PRECISION_BF16;
  start (N_DEVICES);
  softgpu_set_capability (0, 61);
  softgpu_set_capability (1, 75);
  for (guint i = 0; i < 2; i++) {
    users[i] = user_new ();
    g_assert_cmpint (get_device (users[i].engine), ==, 1 + i);
  }
  for (guint i = 2; i < 4; i++) {
    users[i] = user_new_with (&bf16);
    g_assert_cmpint (get_device (users[i].engine), ==, 2);
  }
  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    run_well (&users[i]);
    user_free (&users[i]);
  }
  start (1);
}

static void
test_one (void)
{
  AlexnetEngineParams first = spread;
  User user, same;

  start (1);
  user = user_new ();
  g_assert_cmpint (get_device (user.engine), ==, 0);
  first.cuda_device = 1;
  same = user_new_with (&first);
  g_assert_true (same.engine == user.engine);
  user_free (&user);
  user_free (&same);
  start (1);
}

static void
assert_refused (const char *reason)
{
  g_autoptr (GError) error = NULL;
  AlexnetEngineParams any = spread;
  User user;

  g_assert_null (try_engine (&spread, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  assert_says (error->message, reason);

  any.backend = "auto";
  user = user_new_with (&any);
  g_assert_cmpint (get_device (user.engine), ==, -1);
  run_well (&user);
  user_free (&user);
}

static void
test_none (void)
{
  AlexnetEngineParams any = spread;
  User user;

  start (0);
  assert_refused ("no CUDA device");
  start (2);
  softgpu_set_capability (0, 61);
  softgpu_set_capability (1, 70);
  assert_refused ("compute capability 6.1");
  assert_refused ("; 1: ");
  assert_refused ("compute capability 7.0");
  start (2);
  any.backend = "reference";
  user = user_new_with (&any);
  g_assert_cmpint (get_device (user.engine), ==, -1);
  user_free (&user);
  start (1);
}

/* Numbers are those of what the variable leaves. */
static void
test_visible (void)
{
  AlexnetEngineParams bf16 = spread;
  g_autoptr (GError) error = NULL;
  User users[2];

  g_setenv ("SOFTGPU_DEVICES", "75,61,90", TRUE);
  g_setenv ("CUDA_VISIBLE_DEVICES", "2,0", TRUE);
  softgpu_reset ();
  for (guint i = 0; i < 2; i++) {
    users[i] = user_new ();
    g_assert_cmpint (get_device (users[i].engine), ==, i);
  }
  bf16.precision = ALEXNET_PRECISION_BF16;
  bf16.cuda_device = 2;
  g_assert_null (try_engine (&bf16, &error));
  assert_says (error->message, "bf16");
  g_clear_error (&error);
  bf16.cuda_device = 3;
  g_assert_null (try_engine (&bf16, &error));
  assert_says (error->message, "no CUDA device 2");
  for (guint i = 0; i < 2; i++)
    user_free (&users[i]);
  g_setenv ("CUDA_VISIBLE_DEVICES", "", TRUE);
  softgpu_reset ();
  assert_refused ("no CUDA device");
  g_unsetenv ("CUDA_VISIBLE_DEVICES");
  g_unsetenv ("SOFTGPU_DEVICES");
  softgpu_reset ();
}

/* A context is of one device. */
static void
test_context (void)
{
  AlexnetEngineParams params = spread;
  g_autoptr (GError) error = NULL;
  User user, other;

  start (2);
  params.cuda_context = softgpu_context (1);
  g_assert_null (try_engine (&params, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
  g_clear_error (&error);
  params.cuda_device = 2;
  user = user_new_with (&params);
  run_well (&user);
  g_assert_cmpint (get_device (user.engine), ==, 1);
  other = user_new ();
  g_assert_cmpint (get_device (other.engine), ==, 0);
  user_free (&user);
  user_free (&other);
  params = (AlexnetEngineParams){ .cuda_device = -2 };
  g_assert_null (try_engine (&params, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
  start (1);
}

int
main (int argc, char **argv)
{
  int status;

  cache_directory_init (&argc, &argv);
  model = fixture_model ();
  zeros = g_new0 (float, 3 * 224 * 224);
  g_test_add_func ("/softgpu/spread/even", test_even);
  g_test_add_func ("/softgpu/spread/loads", test_loads);
  g_test_add_func ("/softgpu/spread/lost", test_lost);
  g_test_add_func ("/softgpu/spread/lost-by-another", test_lost_by_another);
  g_test_add_func ("/softgpu/spread/kinds", test_kinds);
  g_test_add_func ("/softgpu/spread/one", test_one);
  g_test_add_func ("/softgpu/spread/none", test_none);
  g_test_add_func ("/softgpu/spread/visible", test_visible);
  g_test_add_func ("/softgpu/spread/context", test_context);
  status = cache_directory_run ();
  g_free (zeros);
  alexnet_model_unref (model);
  return status;
}
