/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model's file that is cut short, rewritten, replaced or removed between
 * loading the model and making engines of it, with each backend of this
 * build. */

#include "alexnet.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/models.h"

#define N_CLASSES 10

static char *
copy_model (const char *name)
{
  g_autofree char *source = models_path (name);
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  char *path;
  gsize size;
  int fd = g_file_open_tmp ("alexnet-test-XXXXXX", &path, &error);

  g_assert_no_error (error);
  close (fd);
  g_file_get_contents (source, &bytes, &size, &error);
  g_assert_no_error (error);
  g_file_set_contents (path, bytes, (gssize) size, &error);
  g_assert_no_error (error);
  return path;
}

static AlexnetEngine *
get_engine (AlexnetModel *model, const char *backend, GError **error)
{
  AlexnetEngineParams params = {
    .backend = backend, .precision = ALEXNET_PRECISION_FP32, .max_batch_size = 1
  };

  return alexnet_engine_get (model, &params, error);
}

/* What an engine makes of a black picture. */
static void
classify (AlexnetEngine *engine, const AlexnetModel *model,
    float out[N_CLASSES])
{
  gsize side = alexnet_model_get_input_size (model);
  g_autofree float *zeros = g_new0 (float, 3 * side * side);
  AlexnetStream *stream = alexnet_stream_new (engine, NULL, 1);
  g_autoptr (GError) error = NULL;
  AlexnetRequest *request = alexnet_stream_submit_tensor (stream, zeros,
      &error);
  AlexnetResult result;

  g_assert_no_error (error);
  alexnet_request_wait (request, &result, &error);
  g_assert_no_error (error);
  memcpy (out, result.probabilities, N_CLASSES * sizeof *out);
  alexnet_request_release (request);
  alexnet_stream_free (stream);
}

/* FALSE when the backend works on no machine like this one. */
static gboolean
works (const char *backend)
{
  g_autofree char *path = copy_model ("torchvision-narrow.safetensors");
  AlexnetModel *model = models_load (path);
  AlexnetEngine *engine = get_engine (model, backend, NULL);
  gboolean works = engine != NULL;

  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
  g_remove (path);
  return works;
}

static void
assert_refused (AlexnetModel *model, const char *backend, const char *change)
{
  g_autofree char *expected = g_strdup_printf ("%s %s since it was opened",
      alexnet_model_get_path (model), change);
  g_autoptr (GError) error = NULL;

  g_assert_null (get_engine (model, backend, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_suffix (error->message, expected));
}

static void
test_cut (gconstpointer backend)
{
  g_autofree char *path = copy_model ("torchvision-narrow.safetensors");
  AlexnetModel *model = models_load (path);

  g_assert_cmpint (truncate (path, 50000), ==, 0);
  assert_refused (model, backend, "was cut short from 84296 to 50000 bytes");
  g_assert_cmpint (truncate (path, 0), ==, 0);
  assert_refused (model, backend, "was cut short from 84296 to 0 bytes");
  alexnet_model_unref (model);
  g_remove (path);
}

static void
test_rewritten (gconstpointer backend)
{
  g_autofree char *path = copy_model ("torchvision-narrow.safetensors");
  struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = 1 } };
  AlexnetModel *model = models_load (path);
  int fd = open (path, O_WRONLY);

  g_assert_cmpint (pwrite (fd, "1234", 4, 60000), ==, 4);
  g_assert_cmpint (futimens (fd, times), ==, 0);
  close (fd);
  assert_refused (model, backend, "was changed");
  alexnet_model_unref (model);
  g_remove (path);
}

static void
assert_answers (AlexnetModel *model, const char *backend, const float *expected)
{
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine = get_engine (model, backend, &error);
  float answers[N_CLASSES];

  g_assert_no_error (error);
  classify (engine, model, answers);
  g_assert_cmpmem (answers, sizeof answers, expected, sizeof answers);
  alexnet_engine_unref (engine);
}

/* Another file at the path, then none: the model is what was loaded, and who
 * loads again gets what is there then. */
static void
test_replaced (gconstpointer backend)
{
  g_autofree char *path = copy_model ("torchvision-narrow.safetensors");
  g_autofree char *other = copy_model ("caffe-narrow.safetensors");
  AlexnetModel *model = models_load (path), *newer;
  AlexnetEngine *engine = get_engine (model, backend, NULL);
  float answers[N_CLASSES];

  classify (engine, model, answers);
  alexnet_engine_unref (engine);
  g_assert_cmpint (g_rename (other, path), ==, 0);
  assert_answers (model, backend, answers);
  newer = models_load (path);
  g_assert_cmpstr (alexnet_model_get_architecture (newer), ==, "caffe");
  g_assert_cmpint (g_remove (path), ==, 0);
  assert_answers (model, backend, answers);
  alexnet_model_unref (newer);
  alexnet_model_unref (model);
}

/* An engine that is there needs the file no more. */
static void
test_cut_later (gconstpointer backend)
{
  g_autofree char *path = copy_model ("torchvision-narrow.safetensors");
  AlexnetModel *model = models_load (path);
  AlexnetEngine *engine = get_engine (model, backend, NULL);
  float before[N_CLASSES], after[N_CLASSES];

  classify (engine, model, before);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  classify (engine, model, after);
  g_assert_cmpmem (after, sizeof after, before, sizeof before);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
  g_remove (path);
}

static void
add (const char *backend, const char *name, GTestDataFunc func)
{
  g_autofree char *path = g_strdup_printf ("/model-file/%s/%s", backend, name);

  g_test_add_data_func (path, backend, func);
}

static void
add_all (const char *backend)
{
  if (!works (backend))
    return;
  add (backend, "cut", test_cut);
  add (backend, "rewritten", test_rewritten);
  add (backend, "replaced", test_replaced);
  add (backend, "cut-later", test_cut_later);
}

int
main (int argc, char **argv)
{
  const char *const *names = alexnet_backend_names ();

  g_test_init (&argc, &argv, NULL);
  /* Answers are compared bit by bit, and what the clock finds fastest may be
   * another way to compute for each engine. */
  g_setenv ("ALEXNET_CPU_CONV", "direct", TRUE);
  add_all ("auto");
  for (guint i = 0; names[i]; i++)
    add_all (names[i]);
  return g_test_run ();
}
