/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model that is written and loaded again is the same one. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/formats.h"
#include "model/model.h"
#include "model/table.h"
#include "support/cases.h"
#include "support/demonstration.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/says.h"

static char *dir;

static void
count (gpointer user, double fraction)
{
  double *last = user;

  g_assert_cmpfloat (fraction, >, *last);
  *last = fraction;
}

/* To be freed. */
static char *
save (const AlexnetModel *model)
{
  char *path = g_build_filename (dir, "saved.safetensors", NULL);
  double fraction = 0;
  AlexnetProgress progress = { count, &fraction };
  GError *error = NULL;

  alexnet_model_save (model, path, &progress, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (fraction, ==, 1);
  return path;
}

static void
assert_same_tensor (const AlexnetTensor *a, const AlexnetTensor *b)
{
  gsize n = alexnet_tensor_n_values (a);
  g_autofree float *x = g_new (float, n), *y = g_new (float, n);
  GError *error = NULL;

  g_assert_cmpuint (n, ==, alexnet_tensor_n_values (b));
  g_assert_cmpint (a->dtype, ==, b->dtype);
  alexnet_tensor_to_float (x, a, &error);
  g_assert_no_error (error);
  alexnet_tensor_to_float (y, b, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (x, n * sizeof *x, y, n * sizeof *y);
}

static void
assert_same (const AlexnetModel *a, const AlexnetModel *b)
{
  const AlexnetNetwork *x = alexnet_model_get_network (a);
  const AlexnetNetwork *y = alexnet_model_get_network (b);
  g_autofree char *table = alexnet_table_to_json (x);
  g_autofree char *again = alexnet_table_to_json (y);

  g_assert_cmpstr (table, ==, again);
  for (guint i = 0; i < x->n_layers; i++)
    if (alexnet_tensor_is_bound (&x->layers[i].weight)) {
      assert_same_tensor (&x->layers[i].weight, &y->layers[i].weight);
      assert_same_tensor (&x->layers[i].bias, &y->layers[i].bias);
    }
  g_assert_cmpmem (alexnet_model_get_preprocess (a), sizeof (AlexnetPreprocess),
      alexnet_model_get_preprocess (b), sizeof (AlexnetPreprocess));
  g_assert_cmpstr (alexnet_model_get_architecture (a), ==,
      alexnet_model_get_architecture (b));
  g_assert_cmpstr (alexnet_model_get_metadata (a, "source"), ==,
      alexnet_model_get_metadata (b, "source"));
}

static void
test_returns (gconstpointer file)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "../data/models",
      file, NULL);
  AlexnetModel *model = models_load (path), *again;
  g_autofree char *saved = save (model);

  again = models_load (saved);
  assert_same (model, again);
  alexnet_model_unref (again);
  alexnet_model_unref (model);
  g_remove (saved);
}

static void
test_demonstration (void)
{
  g_autofree char *path = demonstration_path ();
  AlexnetModel *model = models_load (path), *again;
  g_autofree char *saved = save (model);

  again = models_load (saved);
  assert_same (model, again);
  g_assert_cmpstrv ((char **) alexnet_model_get_labels (model),
      (char **) alexnet_model_get_labels (again));
  alexnet_model_unref (again);
  alexnet_model_unref (model);
  g_remove (saved);
}

/* Over its own file, by the names that this can have: nothing is lost. */
static void
test_in_place (void)
{
  g_autofree char *original = g_test_build_filename (G_TEST_DIST,
      "../data/models", "torchvision-narrow-bf16.safetensors", NULL);
  g_autofree char *link = g_build_filename (dir, "link.safetensors", NULL);
  AlexnetModel *expected = models_load (original);

  for (guint i = 0; i < 3; i++) {
    g_autofree char *path = save (expected);
    AlexnetModel *model = models_load (path), *again;
    g_autoptr (GError) error = NULL;

    if (i == 1)
      g_assert_cmpint (symlink (path, link), ==, 0);
    if (i == 2)
      g_assert_cmpint (linkat (AT_FDCWD, path, AT_FDCWD, link, 0), ==, 0);
    alexnet_model_save (model, i == 0 ? path : link, NULL, &error);
    g_assert_no_error (error);
    again = models_load (i == 0 ? path : link);
    assert_same (expected, again);
    alexnet_model_unref (again);
    alexnet_model_unref (model);
    g_remove (link);
    g_remove (path);
  }
  alexnet_model_unref (expected);
}

/* A link's target, be it there or not, becomes the new file, and the link
 * stays. Its directory is a link, too: what lies above it lies above its
 * target. */
static void
test_link (gconstpointer is_there)
{
  g_autofree char *original = g_test_build_filename (G_TEST_DIST,
      "../data/models", "caffe-narrow-f16.safetensors", NULL);
  g_autofree char *outer = g_build_filename (dir, "outer", NULL);
  g_autofree char *inner = g_build_filename (outer, "inner", NULL);
  g_autofree char *target = g_build_filename (outer, "target", NULL);
  g_autofree char *far = g_build_filename (dir, "far", NULL);
  g_autofree char *link = g_build_filename (far, "link", NULL);
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = models_load (original), *again;

  g_assert_cmpint (g_mkdir_with_parents (inner, 0700), ==, 0);
  g_assert_cmpint (symlink (inner, far), ==, 0);
  g_assert_cmpint (symlink ("../target", link), ==, 0);
  if (is_there)
    g_assert_true (g_file_set_contents (target, "old", -1, NULL));
  alexnet_model_save (model, link, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  again = models_load (target);
  assert_same (model, again);
  alexnet_model_unref (again);
  alexnet_model_unref (model);
  g_remove (link);
  g_remove (far);
  g_remove (target);
  g_rmdir (inner);
  g_assert_cmpint (g_rmdir (outer), ==, 0);
}

static void
add_tensor (AlexnetTensorSet *set, const AlexnetLayer *layer, const char *last,
    const AlexnetTensor *tensor)
{
  g_autofree char *name = g_strconcat (layer->name, ".", last, NULL);

  g_assert_true (alexnet_tensor_set_add (set, name, tensor, NULL, NULL));
}

/* A file with the network's table and with `architecture` as it stands. To be
 * freed. */
static char *
write_table (AlexnetNetwork *network, const char *architecture)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autofree char *table = alexnet_table_to_json (network);
  char *path = g_build_filename (dir, "table.safetensors", NULL);
  GError *error = NULL;

  random_model_fill (network);
  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (!layer->weight.data)
      continue;
    add_tensor (set, layer, "weight", &layer->weight);
    add_tensor (set, layer, "bias", &layer->bias);
  }
  g_hash_table_insert (set->metadata, g_strdup ("layers"), g_strdup (table));
  if (architecture)
    g_hash_table_insert (set->metadata, g_strdup ("architecture"),
        g_strdup (architecture));
  alexnet_safetensors_write (set, set->metadata, path, NULL, &error);
  g_assert_no_error (error);
  random_model_clear (network);
  return path;
}

static void
keep (AlexnetNetwork *network)
{
}

static void
change_lrn (AlexnetNetwork *network)
{
  network->layers[2].k = 2;
}

static void
group_first (AlexnetNetwork *network)
{
  network->layers[0].groups = 3;
  network->layers[0].channels = 6;
}

typedef struct {
  const char *name, *table;
  void (*change) (AlexnetNetwork *network);
  const char *claimed, *expected;
} Table;

static const Table tables[] = {
  { "ours", "torchvision", keep, NULL, "torchvision" },
  { "ours-prefixed", "torchvision", keep, "alexnet-torchvision",
      "torchvision" },
  { "ours-by-another-name", "caffe", keep, "caffenet", "caffe" },
  { "like-ours", "caffe", change_lrn, "caffe", "caffe" },
  { "like-ours-prefixed", "caffe", change_lrn, "alexnet-caffe", "caffe" },
  { "unnamed", "caffe", change_lrn, NULL, "custom" },
  { "filters-of-one-channel", "torchvision", group_first, NULL, "custom" },
};

/* A table in the file may be one of ours, and its name one of ours; what its
 * input is, it says. */
static void
test_table (gconstpointer data)
{
  const Table *t = data;
  AlexnetNetwork network = *alexnet_network_find (t->table);
  g_autofree char *path = NULL, *saved = NULL;
  AlexnetModel *model, *again;

  random_model_narrow (&network);
  t->change (&network);
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  path = write_table (&network, t->claimed);
  model = models_load (path);
  g_assert_cmpstr (alexnet_model_get_architecture (model), ==, t->expected);
  saved = save (model);
  again = models_load (saved);
  assert_same (model, again);
  alexnet_model_unref (again);
  alexnet_model_unref (model);
  g_remove (saved);
  g_remove (path);
}

/* What the user said about the file is in the new one. */
static void
test_params (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "../data/models",
      "caffe-narrow.pth", NULL);
  g_autofree char *labels = g_build_filename (dir, "names", NULL);
  AlexnetModelParams params = { .labels_file = labels };
  AlexnetModel *model, *again;
  g_autofree char *saved = NULL;

  g_assert_true (g_file_set_contents (labels,
      "a\nb\nc\nd\ne\nf\ng\nh\ni\n\"j\"\n", -1, NULL));
  model = models_load_with (path, &params);
  saved = save (model);
  alexnet_model_unref (model);
  again = models_load (saved);
  g_assert_cmpstr (alexnet_model_get_labels (again)[9], ==, "\"j\"");
  alexnet_model_unref (again);
  g_remove (labels);
  g_remove (saved);
}

static void
assert_fails (const AlexnetModel *model, const char *path, gint code,
    const char *expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (alexnet_model_save (model, path, NULL, &error));
  g_assert_error (error, ALEXNET_ERROR, code);
  g_test_message ("%s", error->message);
  assert_says (error->message, path);
  assert_says (error->message, expected);
}

/* Whether it is the new file or the model's own that is at fault; what is at
 * the new one's path stays, be it nothing. */
static void
test_fails (void)
{
  g_autofree char *original = g_test_build_filename (G_TEST_DIST,
      "../data/models", "caffe-narrow-f16.safetensors", NULL);
  g_autofree char *nowhere = g_build_filename (dir, "none", "x", NULL);
  g_autofree char *path = g_build_filename (dir, "new.safetensors", NULL);
  AlexnetModel *model = models_load (original);
  g_autofree char *own = save (model), *kept = NULL;

  alexnet_model_unref (model);
  model = models_load (own);
  assert_fails (model, nowhere, ALEXNET_ERROR_INVALID, "No such file");
  g_assert_cmpint (truncate (own, 20000), ==, 0);
  assert_fails (model, path, ALEXNET_ERROR_FORMAT, "was cut short");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_set_contents (path, "as it was", -1, NULL));
  assert_fails (model, path, ALEXNET_ERROR_FORMAT, "was cut short");
  g_assert_true (g_file_get_contents (path, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, "as it was");
  alexnet_model_unref (model);
  g_remove (path);
  g_remove (own);
}

/* A new file gets the mode that others get, one that replaces another the
 * other's. */
static void
test_mode (void)
{
  static const mode_t modes[] = { 0600, 0640, 0666 };
  g_autofree char *original = g_test_build_filename (G_TEST_DIST,
      "../data/models", "caffe-narrow-f16.safetensors", NULL);
  AlexnetModel *model = models_load (original);
  mode_t mask = umask (022);
  g_autofree char *path = save (model);
  struct stat status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0644);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_autofree char *again = NULL;

    g_assert_cmpint (g_chmod (path, (int) modes[i]), ==, 0);
    again = save (model);
    g_assert_cmpint (g_stat (again, &status), ==, 0);
    g_assert_cmpuint (status.st_mode & 07777, ==, modes[i]);
  }
  umask (mask);
  alexnet_model_unref (model);
  g_remove (path);
}

/* It is never written to, and its link stays. */
static void
assert_refuses_link (const AlexnetModel *model, const char *target,
    const char *expected)
{
  g_autofree char *link = g_build_filename (dir, "link.safetensors", NULL);

  g_assert_cmpint (symlink (target, link), ==, 0);
  assert_fails (model, link, ALEXNET_ERROR_INVALID, expected);
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  g_remove (link);
}

static void
test_no_file (void)
{
  g_autofree char *original = g_test_build_filename (G_TEST_DIST,
      "../data/models", "caffe-narrow-f16.safetensors", NULL);
  g_autofree char *fifo = g_build_filename (dir, "fifo", NULL);
  AlexnetModel *model = models_load (original);

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refuses_link (model, "/dev/null", "a device, expected a regular file");
  assert_refuses_link (model, fifo, "is a FIFO, expected a regular file");
  assert_refuses_link (model, dir, "is a directory, expected a regular file");
  assert_refuses_link (model, "link.safetensors", "symbolic links");
  alexnet_model_unref (model);
  g_remove (fifo);
}

int
main (int argc, char *argv[])
{
  static const char *const files[] = { "caffe-narrow.pth",
    "caffe-narrow-f16.safetensors", "torchvision-narrow-bf16.safetensors",
    "torchvision-narrow-grey.safetensors", "torchvision-narrow-legacy.pth",
    "../torch/dtypes-2.14.pth", "../torch/strides-2.14.pth",
    "../torch/module-2.14.pth", "../torch/arrays-2.14.npy",
    "../onnx/bvlc-224.onnx", "../onnx/batch-norms.onnx",
    "../onnx/external.onnx", "../caffe/own-sizes.caffemodel",
    "../caffe/digits-train.caffemodel" };
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("alexnet-write-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_strconcat ("/write/returns/", files[i], NULL);

    g_test_add_data_func (path, files[i], test_returns);
  }
  ADD_NAMED_CASES ("/write/table", tables, test_table);
  g_test_add_func ("/write/demonstration", test_demonstration);
  g_test_add_func ("/write/in-place", test_in_place);
  g_test_add_data_func ("/write/link/there", GINT_TO_POINTER (TRUE), test_link);
  g_test_add_data_func ("/write/link/dangling", NULL, test_link);
  g_test_add_func ("/write/mode", test_mode);
  g_test_add_func ("/write/no-file", test_no_file);
  g_test_add_func ("/write/params", test_params);
  g_test_add_func ("/write/fails", test_fails);
  status = g_test_run ();
  g_rmdir (dir);
  g_free (dir);
  return status;
}
