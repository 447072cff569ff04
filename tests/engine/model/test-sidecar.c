/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What users put beside their model files. */

#include "model/sidecar.h"
#include "support/remove-tree.h"

typedef struct {
  char *dir, *model;
  GPtrArray *notes;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->dir = g_dir_make_tmp ("alexnet-sidecar-XXXXXX", NULL);
  g_assert_nonnull (f->dir);
  f->model = g_build_filename (f->dir, "snapshot.caffemodel", NULL);
  f->notes = g_ptr_array_new_with_free_func (g_free);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_tree (f->dir);
  g_free (f->dir);
  g_free (f->model);
  g_ptr_array_unref (f->notes);
}

static char *
write_file (Fixture *f, const char *name, const char *text)
{
  char *path = g_build_filename (f->dir, name, NULL);
  GError *error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static char **
find_labels (Fixture *f, guint n_classes, const char *expected)
{
  g_autoptr (AlexnetFile) file = NULL;
  char **labels = alexnet_sidecar_find_labels (f->model, n_classes, &file,
      f->notes);

  g_assert_cmpstr (file ? alexnet_file_get_path (file) : NULL, ==, expected);
  g_assert_true ((labels != NULL) == (expected != NULL));
  return labels;
}

static void
test_labels (Fixture *f, gconstpointer data)
{
  g_autofree char *path = write_file (f, "synset_words.txt",
      "n01440764 tench\nn01443537 goldfish\n");
  g_auto (GStrv) labels = find_labels (f, 2, path);

  g_assert_cmpstr (labels[1], ==, "goldfish");
  g_assert_cmpuint (f->notes->len, ==, 0);
}

/* One that does not fit is named, and the next one is looked at. */
static void
test_other_labels (Fixture *f, gconstpointer data)
{
  g_autofree char *other = write_file (f, "labels.txt", "a\nb\nc\n");
  g_autofree char *broken = write_file (f, "classes.txt", "\xff\n");
  g_autofree char *path = write_file (f, "class_to_idx.json",
      "{\"cat\": 0, \"dog\": 1}");
  g_auto (GStrv) labels = find_labels (f, 2, path);
  g_autofree char *note = g_strconcat (other,
      " has 3 labels for 2 classes: not used", NULL);
  g_autofree char
      *second = g_strdup_printf ("not used: labels %s: not UTF-8 text", broken);

  g_assert_cmpstr (labels[0], ==, "cat");
  g_assert_cmpuint (f->notes->len, ==, 2);
  g_assert_cmpstr (f->notes->pdata[0], ==, note);
  g_assert_cmpstr (f->notes->pdata[1], ==, second);
}

static void
test_no_labels (Fixture *f, gconstpointer data)
{
  g_assert_null (find_labels (f, 2, NULL));
  g_assert_cmpuint (f->notes->len, ==, 0);
}

static void
test_mean (Fixture *f, gconstpointer data)
{
  g_autofree char *path = NULL, *second = NULL, *found = NULL, *note = NULL;

  g_assert_null (alexnet_sidecar_find_mean (f->model, f->notes));
  path = write_file (f, "imagenet_mean.binaryproto", "x");
  found = alexnet_sidecar_find_mean (f->model, f->notes);
  g_assert_cmpstr (found, ==, path);
  g_assert_cmpuint (f->notes->len, ==, 0);

  second = write_file (f, "mean.binaryproto", "x");
  g_assert_null (alexnet_sidecar_find_mean (f->model, f->notes));
  note = g_strconcat (f->dir, " has more than one *mean*.binaryproto: not used",
      NULL);
  g_assert_cmpuint (f->notes->len, ==, 1);
  g_assert_cmpstr (f->notes->pdata[0], ==, note);
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("/sidecar/labels", test_labels);
  add ("/sidecar/other-labels", test_other_labels);
  add ("/sidecar/no-labels", test_no_labels);
  add ("/sidecar/mean", test_mean);
  return g_test_run ();
}
