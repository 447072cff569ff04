/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole files as PyTorch and numpy write them (tests/data/torch) are found,
 * bound and computed as PyTorch computes them. What each holds and gives stands
 * in expected-VERSION.json beside them (generate_torch_files.py). */

#include <json-glib/json-glib.h>
#include <math.h>

#include "model/model.h"
#include "support/data-path.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/says.h"

/* Of a probability; the input and all sums are in float, PyTorch's are in
 * double. */
#define TOLERANCE 1e-4f

static const char *const versions[] = { "1.13", "2.14" };

typedef struct {
  char *name;       /* "module-1.13.pth" */
  JsonObject *file; /* what is expected */
} Case;

static char *
path_of (const char *name)
{
  return data_path ("torch", name);
}

static AlexnetModel *
load (const char *name, const char *part)
{
  AlexnetModelParams params = { .part = part };
  g_autofree char *path = path_of (name);
  AlexnetModel *model = models_load_with (path, &params);

  g_test_message ("%s", alexnet_model_get_origin (model));
  return model;
}

/* The softmax of PyTorch's logits. */
static float *
get_expected (JsonObject *file, guint *n)
{
  JsonArray *logits = json_object_get_array_member (file, "logits");
  double largest = -INFINITY, sum = 0;
  float *expected;

  *n = json_array_get_length (logits);
  expected = g_new (float, *n);
  for (guint i = 0; i < *n; i++)
    largest = fmax (largest, json_array_get_double_element (logits, i));
  for (guint i = 0; i < *n; i++)
    sum += exp (json_array_get_double_element (logits, i) - largest);
  for (guint i = 0; i < *n; i++)
    expected[i] = (float) (exp (json_array_get_double_element (logits, i) -
                               largest) /
        sum);
  return expected;
}

static void
check_probabilities (AlexnetModel *model, JsonObject *file, const char *backend)
{
  AlexnetEngineParams params = { .backend = backend,
    .cpu_threads = 1,
    .precision = ALEXNET_PRECISION_FP32,
    .max_batch_size = 1 };
  g_autofree float
      *input = random_model_input (alexnet_model_get_network (model));
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine = alexnet_engine_get (model, &params, &error);
  AlexnetStream *stream;
  AlexnetRequest *request;
  AlexnetResult result;
  guint n;
  g_autofree float *expected = get_expected (file, &n);

  g_assert_no_error (error);
  stream = alexnet_stream_new (engine, NULL, 1);
  request = alexnet_stream_submit_tensor (stream, input, &error);
  g_assert_no_error (error);
  g_assert_true (alexnet_request_wait (request, &result, &error));
  g_assert_cmpuint (result.n_classes, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (result.probabilities[i], expected[i],
        TOLERANCE);
  alexnet_request_release (request);
  alexnet_stream_free (stream);
  alexnet_engine_unref (engine);
}

static void
check_labels (const AlexnetModel *model, JsonObject *file)
{
  const char *const *labels = alexnet_model_get_labels (model);
  JsonArray *expected;

  if (!json_object_has_member (file, "labels")) {
    g_assert_null (labels);
    return;
  }
  expected = json_object_get_array_member (file, "labels");
  g_assert_cmpuint (g_strv_length ((char **) labels), ==,
      json_array_get_length (expected));
  for (guint i = 0; labels[i]; i++)
    g_assert_cmpstr (labels[i], ==,
        json_array_get_string_element (expected, i));
}

static void
check_origin (const AlexnetModel *model, JsonObject *file, const char *key,
    const char *quotes)
{
  g_autofree char *line = NULL;

  if (!json_object_has_member (file, key))
    return;
  line = g_strdup_printf ("%s: %s%s%s\n", key, quotes,
      json_object_get_string_member (file, key), quotes);
  assert_says (alexnet_model_get_origin (model), line);
}

static void
check_model (AlexnetModel *model, JsonObject *file)
{
  if (json_object_has_member (file, "architecture"))
    g_assert_cmpstr (alexnet_model_get_architecture (model), ==,
        json_object_get_string_member (file, "architecture"));
  check_origin (model, file, "kind", "");
  check_origin (model, file, "part", "'");
  check_labels (model, file);
  if (!json_object_has_member (file, "logits"))
    return;
  check_probabilities (model, file, "reference");
#ifdef HAVE_ONEDNN
  check_probabilities (model, file, "cpu");
#endif
}

/* Two networks in a file: the error names them, and either can be chosen. */
static void
check_parts (const char *name, JsonObject *file)
{
  JsonArray *parts = json_object_get_array_member (file, "parts");
  g_autofree char *path = path_of (name);
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_model_load (path, NULL, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  for (guint i = 0; i < json_array_get_length (parts); i++) {
    const char *part = json_array_get_string_element (parts, i);
    g_autofree char *quoted = g_strdup_printf ("'%s'", part);
    AlexnetModel *model = load (name, part);

    assert_says (error->message, quoted);
    alexnet_model_unref (model);
  }
}

static void
test_file (gconstpointer data)
{
  const Case *c = data;
  AlexnetModel *model;

  if (json_object_has_member (c->file, "parts")) {
    check_parts (c->name, c->file);
    return;
  }
  model = load (c->name, NULL);
  check_model (model, c->file);
  alexnet_model_unref (model);
}

static void
case_free (gpointer data)
{
  Case *c = data;

  json_object_unref (c->file);
  g_free (c->name);
  g_free (c);
}

static void
add_cases (const char *version)
{
  g_autofree char *name = g_strdup_printf ("expected-%s.json", version);
  g_autofree char *path = path_of (name);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *files;
  JsonObjectIter iter;
  const char *file;
  JsonNode *node;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  files = json_object_get_object_member (
      json_node_get_object (json_parser_get_root (parser)), "files");
  json_object_iter_init_ordered (&iter, files);
  while (json_object_iter_next_ordered (&iter, &file, &node)) {
    g_autofree char *test = g_strconcat ("/torch-files/", file, NULL);
    Case *c = g_new0 (Case, 1);

    c->name = g_strdup (file);
    c->file = json_object_ref (json_node_get_object (node));
    g_test_add_data_func_full (test, c, test_file, case_free);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    add_cases (versions[i]);
  return g_test_run ();
}
