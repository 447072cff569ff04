/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The files that tests/data/generate_torch_files.py had two versions of PyTorch
 * write: the tensors in them, each value, and what the network computes, as
 * PyTorch says it. */

#include <json-glib/json-glib.h>
#include <math.h>

#include "float-bits.h"
#include "formats/reader.h"
#include "model/model.h"
#include "support/data-path.h"
#include "support/layers.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/says.h"

/* Of the largest logit; sums are in another order here. */
#define TOLERANCE 1e-5

static const char *const versions[] = { "1.13", "2.14" };

typedef struct {
  char *path;
  JsonObject *expected;
} Case;

static void
case_free (gpointer data)
{
  Case *c = data;

  g_free (c->path);
  json_object_unref (c->expected);
  g_free (c);
}

/* FNV-1a-64 of the values as floats. */
static char *
digest (const AlexnetTensor *tensor)
{
  gsize n = alexnet_tensor_n_values (tensor);
  g_autofree float *values = g_new (float, n);
  g_autoptr (GError) error = NULL;
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  alexnet_tensor_to_float (values, tensor, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++) {
    guint32 bits = alexnet_float_to_bits (values[i]);

    for (guint byte = 0; byte < 4; byte++)
      hash = (hash ^ (bits >> 8 * byte & 0xff)) *
          G_GUINT64_CONSTANT (0x100000001b3);
  }
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x", hash);
}

/* [dtype, shape, digest] */
static void
check_tensor (const AlexnetTensorSet *set, const char *name,
    JsonArray *expected)
{
  const AlexnetTensorEntry *entry = alexnet_tensor_set_find (set, name);
  JsonArray *shape = json_array_get_array_element (expected, 1);
  g_autofree char *found = NULL;

  if (!entry || entry->unusable)
    g_error ("tensor %s %s", name, entry ? entry->unusable : "is not there");
  g_assert_cmpstr (alexnet_dtype_name (entry->tensor.dtype), ==,
      json_array_get_string_element (expected, 0));
  g_assert_cmpuint (entry->tensor.n_dims, ==, json_array_get_length (shape));
  for (guint i = 0; i < entry->tensor.n_dims; i++)
    g_assert_cmpuint (entry->tensor.dims[i], ==,
        json_array_get_int_element (shape, i));
  found = digest (&entry->tensor);
  if (!g_str_equal (found, json_array_get_string_element (expected, 2)))
    g_error ("tensor %s has other values", name);
}

/* All of them, and no others but such as hold whole numbers. */
static void
check_tensors (const AlexnetTensorSet *set, JsonObject *expected)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, expected);
  while (json_object_iter_next (&iter, &name, &node))
    check_tensor (set, name, json_node_get_array (node));
  for (guint i = 0; i < set->entries->len; i++) {
    const AlexnetTensorEntry *entry = set->entries->pdata[i];

    if (!entry->unusable && !json_object_has_member (expected, entry->name))
      g_error ("tensor %s is not expected", entry->name);
    if (entry->unusable)
      assert_says (entry->unusable, "has dtype 'int");
  }
}

static void
check_labels (char **labels, JsonObject *expected)
{
  JsonArray *array;

  if (!json_object_has_member (expected, "labels")) {
    g_assert_null (labels);
    return;
  }
  array = json_object_get_array_member (expected, "labels");
  g_assert_nonnull (labels);
  g_assert_cmpuint (g_strv_length (labels), ==, json_array_get_length (array));
  for (guint i = 0; labels[i]; i++)
    g_assert_cmpstr (labels[i], ==, json_array_get_string_element (array, i));
}

static void
test_tensors (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (AlexnetModelSource) source = alexnet_model_source_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (AlexnetFile) file = alexnet_file_open (c->path, &error);

  g_assert_no_error (error);
  alexnet_model_source_read (source, file, &error);
  g_assert_no_error (error);
  check_tensors (source->tensors,
      json_object_get_object_member (c->expected, "tensors"));
  check_labels (source->labels, c->expected);
  if (json_object_has_member (c->expected, "kind"))
    g_assert_cmpstr (source->kind, ==,
        json_object_get_string_member (c->expected, "kind"));
}

static void
check_logits (const AlexnetNetwork *whole, JsonArray *expected)
{
  AlexnetNetwork network = *whole;
  g_autofree float *input = random_model_input (whole);
  g_autofree float *found = NULL;
  double largest = 0, difference = 0;

  network.n_layers--; /* the softmax */
  found = layers_run_reference (&network, input, 1);
  g_assert_cmpuint (alexnet_network_output (&network)->channels, ==,
      json_array_get_length (expected));
  for (guint i = 0; i < json_array_get_length (expected); i++) {
    double value = json_array_get_double_element (expected, i);

    largest = fmax (largest, fabs (value));
    difference = fmax (difference, fabs ((double) found[i] - value));
  }
  g_test_message ("error %.2g", difference / largest);
  g_assert_cmpfloat (difference, <=, TOLERANCE * largest);
}

static void
test_network (gconstpointer data)
{
  const Case *c = data;
  AlexnetModel *model = models_load (c->path);

  g_test_message ("%s", alexnet_model_get_origin (model));
  check_logits (alexnet_model_get_network (model),
      json_object_get_array_member (c->expected, "logits"));
  alexnet_model_unref (model);
}

static void
add_case (const char *version, const char *name, JsonObject *expected)
{
  static const struct {
    const char *member, *test;
    GTestDataFunc run;
  } tests[] = {
    { "tensors", "tensors", test_tensors },
    { "logits", "network", test_network },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strdup_printf ("/torch/%s/%s/%s", version,
        tests[i].test, name);
    Case *c;

    if (!json_object_has_member (expected, tests[i].member))
      continue;
    c = g_new (Case, 1);
    c->path = data_path ("torch", name);
    c->expected = json_object_ref (expected);
    g_test_add_data_func_full (path, c, tests[i].run, case_free);
  }
}

static void
add_cases (const char *version)
{
  g_autofree char *name = g_strdup_printf ("expected-%s.json", version);
  g_autofree char *path = data_path ("torch", name);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObjectIter iter;
  const char *file;
  JsonNode *node;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  json_object_iter_init_ordered (&iter,
      json_object_get_object_member (
          json_node_get_object (json_parser_get_root (parser)), "files"));
  while (json_object_iter_next_ordered (&iter, &file, &node))
    add_case (version, file, json_node_get_object (node));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    add_cases (versions[i]);
  return g_test_run ();
}
