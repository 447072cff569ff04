/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When loading a file again gives the model that is there: not when something
 * else lies beside it, or has changed. */

#include <glib/gstdio.h>
#include <unistd.h>

#include "alexnet.h"
#include "support/data-path.h"
#include "support/models.h"
#include "support/remove-tree.h"

#define LABELS "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"
#define OTHER_LABELS "k\nl\nm\nn\no\np\nq\nr\ns\nt\n"

typedef struct {
  char *dir, *inner; /* the second in the first */
} Fixture;

static char *
caffe_path (const char *name)
{
  return data_path ("caffe", name);
}

/* g_free() the path. */
static char *
copy (const char *from, const char *dir, const char *name)
{
  char *path = g_build_filename (dir, name, NULL);
  g_autofree char *bytes = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (from, &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (path, bytes, (gssize) size, NULL));
  return path;
}

static char *
copy_model (const Fixture *f)
{
  g_autofree char *from = models_path ("caffe-narrow.safetensors");

  return copy (from, f->dir, "model.safetensors");
}

static char *
write_labels (const char *dir, const char *text)
{
  char *path = g_build_filename (dir, "labels.txt", NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->dir = g_dir_make_tmp ("alexnet-registry-XXXXXX", NULL);
  g_assert_nonnull (f->dir);
  f->inner = g_build_filename (f->dir, "inner", NULL);
  g_assert_cmpint (g_mkdir (f->inner, 0700), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_tree (f->dir);
  g_free (f->inner);
  g_free (f->dir);
}

static AlexnetModel *
load (const char *path, const char *labels, const char *mean)
{
  AlexnetModelParams params = { .labels_file = labels, .mean_file = mean };

  return models_load_with (path, &params);
}

static void
assert_label (const AlexnetModel *model, const char *first)
{
  g_assert_cmpstr (alexnet_model_get_labels (model)[0], ==, first);
}

/* Nothing has changed, whatever the path looks like. */
static void
test_same (Fixture *f, gconstpointer data)
{
  g_autofree char *path = copy_model (f);
  G_GNUC_UNUSED g_autofree char *labels = write_labels (f->dir, LABELS);
  g_autofree char *around = g_build_filename (f->inner, "..",
      "model.safetensors", NULL);
  AlexnetModel *first = load (path, NULL, NULL);
  AlexnetModel *second = load (around, NULL, NULL);

  g_assert_true (first == second);
  alexnet_model_unref (second);
  alexnet_model_unref (first);
}

/* One file in two directories, each with labels of its own. */
static void
test_hard_link (Fixture *f, gconstpointer data)
{
  g_autofree char *path = copy_model (f);
  g_autofree char *other = g_build_filename (f->inner, "model.safetensors",
      NULL);
  G_GNUC_UNUSED g_autofree char *labels = write_labels (f->dir, LABELS);
  G_GNUC_UNUSED g_autofree char *other_labels = write_labels (f->inner,
      OTHER_LABELS);
  AlexnetModel *first, *second;

  g_assert_cmpint (link (path, other), ==, 0);
  first = load (path, NULL, NULL);
  second = load (other, NULL, NULL);
  assert_label (first, "a");
  assert_label (second, "k");
  g_assert_cmpstr (alexnet_model_get_path (second), ==, other);
  alexnet_model_unref (second);
  alexnet_model_unref (first);
}

/* Labels that are named, or that lie beside the model. */
static void
test_labels (Fixture *f, gconstpointer are_named)
{
  g_autofree char *path = copy_model (f);
  g_autofree char *labels = write_labels (f->dir, LABELS), *again = NULL;
  const char *named = are_named ? labels : NULL;
  AlexnetModel *first = load (path, named, NULL), *second;

  again = write_labels (f->dir, OTHER_LABELS);
  second = load (path, named, NULL);
  assert_label (first, "a");
  assert_label (second, "k");
  alexnet_model_unref (first);
  first = load (path, named, NULL);
  g_assert_true (first == second);
  alexnet_model_unref (second);
  alexnet_model_unref (first);
}

static void
test_mean (Fixture *f, gconstpointer is_named)
{
  g_autofree char *path = copy_model (f);
  g_autofree char *colours = caffe_path ("mean.binaryproto");
  g_autofree char *grey = caffe_path ("mean-grey.binaryproto");
  g_autofree char *mean = copy (colours, f->dir, "mean.binaryproto");
  g_autofree char *again = NULL;
  const char *named = is_named ? mean : NULL;
  AlexnetModel *first = load (path, NULL, named), *second;

  again = copy (grey, f->dir, "mean.binaryproto");
  second = load (path, NULL, named);
  g_assert_cmpfloat_with_epsilon (alexnet_model_get_preprocess (first)
                                      ->mean[2] *
          255,
      104, 0.01f);
  g_assert_cmpfloat_with_epsilon (alexnet_model_get_preprocess (second)
                                      ->mean[2] *
          255,
      123, 0.01f);
  alexnet_model_unref (second);
  alexnet_model_unref (first);
}

static void
add (const char *path, gconstpointer data,
    void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, data, set_up, test, tear_down);
}

int
main (int argc, char *argv[])
{
  gconstpointer named = GINT_TO_POINTER (TRUE);

  g_test_init (&argc, &argv, NULL);
  add ("/registry/same", NULL, test_same);
  add ("/registry/hard-link", NULL, test_hard_link);
  add ("/registry/labels/named", named, test_labels);
  add ("/registry/labels/beside", NULL, test_labels);
  add ("/registry/mean/named", named, test_mean);
  add ("/registry/mean/beside", NULL, test_mean);
  return g_test_run ();
}
