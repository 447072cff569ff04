/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Engines in processes that fork, that bind or limit their threads, and that
 * make and free engines all day. */

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alexnet.h"
#include "support/models.h"

#define N_CLASSES 10
#define N_ENGINES 240

static AlexnetModel *model;

static AlexnetEngine *
get_engine (const char *backend)
{
  AlexnetEngineParams params = { .backend = backend, .max_batch_size = 1 };
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine = alexnet_engine_get (model, &params, &error);

  g_assert_no_error (error);
  return engine;
}

static void
classify (AlexnetEngine *engine, float probabilities[N_CLASSES])
{
  guint n = alexnet_model_get_input_channels (model);
  gsize side = alexnet_model_get_input_size (model);
  g_autofree float *input = g_new (float, n *side *side);
  AlexnetStream *stream = alexnet_stream_new (engine, NULL, 1);
  g_autoptr (GError) error = NULL;
  AlexnetRequest *request;
  AlexnetResult result;

  for (gsize i = 0; i < n * side * side; i++)
    input[i] = sinf (0.001f * (float) i);
  request = alexnet_stream_submit_tensor (stream, input, &error);
  g_assert_no_error (error);
  alexnet_request_wait (request, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result.n_classes, ==, N_CLASSES);
  memcpy (probabilities, result.probabilities, N_CLASSES * sizeof (float));
  alexnet_request_release (request);
  alexnet_stream_free (stream);
}

/* In fp16 or bf16, which keep two to three digits. */
static void
assert_near (const float a[N_CLASSES], const float b[N_CLASSES])
{
  for (guint i = 0; i < N_CLASSES; i++)
    g_assert_cmpfloat_with_epsilon (a[i], b[i], 0.01f);
}

static void
test_result (gconstpointer backend)
{
  AlexnetEngine *engine = get_engine (backend);
  AlexnetEngine *reference = get_engine ("reference");
  float found[N_CLASSES], expected[N_CLASSES];

  classify (engine, found);
  classify (reference, expected);
  assert_near (found, expected);
  alexnet_engine_unref (reference);
  alexnet_engine_unref (engine);
}

/* Else much runs, and OMP_DYNAMIC=true leaves one thread. */
__attribute__ ((visibility ("default"))) int
getloadavg (double averages[], int n)
{
  for (int i = 0; i < n; i++)
    averages[i] = 100;
  return n;
}

/* As a server does that starts workers after it has used the engine itself:
 * none of the parent's threads is there. A worker makes an engine of its own
 * and gives back the one it has inherited. */
static void
test_fork (gconstpointer backend)
{
  AlexnetEngine *engine = get_engine (backend);
  float before[N_CLASSES], after[N_CLASSES];
  int status;
  pid_t pid;

  classify (engine, before);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    AlexnetEngine *own;

    alarm (120);
    own = get_engine (backend);
    classify (own, after);
    assert_near (after, before);
    g_assert_true (own != engine);
    alexnet_engine_unref (own);
    alexnet_engine_unref (engine);
    _exit (0);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  classify (engine, after);
  assert_near (after, before);
  alexnet_engine_unref (engine);
}

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* Linux lists a thread that was joined a moment longer. */
static guint
count_threads (guint expected)
{
  guint n;

  for (guint i = 0;
       (n = count_entries ("/proc/self/task")) > expected && i < 100; i++)
    g_usleep (G_USEC_PER_SEC / 100);
  return n;
}

/* Nothing piles up. */
static void
test_many_engines (gconstpointer backend)
{
  guint n_threads = 0, n_files = 0;

  for (guint i = 0; i < N_ENGINES; i++) {
    AlexnetEngine *engine = get_engine (backend);
    float probabilities[N_CLASSES];

    classify (engine, probabilities);
    alexnet_engine_unref (engine);
    if (i == N_ENGINES / 10) {
      n_threads = count_threads (1);
      n_files = count_entries ("/proc/self/fd");
    }
  }
  g_assert_cmpuint (count_threads (n_threads), <=, n_threads);
  g_assert_cmpuint (count_entries ("/proc/self/fd"), <=, n_files);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    GTestDataFunc func;
    gboolean is_long; /* takes `reference` many minutes */
  } tests[] = {
    { "result", test_result, FALSE },
    { "fork", test_fork, FALSE },
    { "many", test_many_engines, TRUE },
  };
  const char *const *names = alexnet_backend_names ();
  int status;

  g_test_init (&argc, &argv, NULL);
  model = models_load (NULL);
  for (guint i = 0; names[i]; i++)
    for (guint k = 0; k < G_N_ELEMENTS (tests); k++) {
      g_autofree char *path = g_strdup_printf ("/lifetime/%s/%s", names[i],
          tests[k].name);

      if (!g_str_equal (names[i], "cudnn") &&
          !(tests[k].is_long && g_str_equal (names[i], "reference")))
        g_test_add_data_func (path, names[i], tests[k].func);
    }
  status = g_test_run ();
  alexnet_model_unref (model);
  return status;
}
