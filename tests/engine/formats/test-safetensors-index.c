/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Indices of safetensors files that are not as they should be. Good ones are
 * loaded by test-model.c. */

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "model/model.h"
#include "support/cases.h"
#include "support/data-path.h"
#include "support/models.h"
#include "support/remove-tree.h"

#define INDEX "model.safetensors.index.json"

static const char *const shards[] = { "model-00001-of-00003.safetensors",
  "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors" };

static char *directory;

static char *
make_path (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

static char *
read_file (const char *name, gsize *size)
{
  g_autofree char *path = data_path ("models", "torchvision-narrow-sharded",
      name);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, size, &error);
  g_assert_no_error (error);
  return text;
}

static void
write_file (const char *name, const char *text, gsize size)
{
  g_autofree char *path = make_path (name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, (gssize) size, &error);
  g_assert_no_error (error);
}

static void
copy_file (const char *name)
{
  gsize size;
  g_autofree char *text = read_file (name, &size);

  write_file (name, text, size);
}

/* All as the library wrote it. */
static void
copy_model (void)
{
  copy_file (INDEX);
  for (guint i = 0; i < G_N_ELEMENTS (shards); i++)
    copy_file (shards[i]);
}

static void
assert_refused (int code, const char *expected)
{
  g_autofree char *path = make_path (INDEX);
  g_autofree char *pattern =
      g_strdup_printf ("%s: safetensors index file: *%s*", path, expected);
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_model_load (path, NULL, &error));
  g_assert_error (error, ALEXNET_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("'%s' is not '%s'", error->message, pattern);
}

typedef struct {
  const char *name, *from, *to; /* in the index, the first */
  const char *expected;
} Case;

#define TENSOR "\"features.0.weight\": "

static const Case cases[] = {
  { "no-map", "weight_map", "weights", "expected a JSON object 'weight_map'" },
  { "no-json", "{", "{,", "index is not JSON: byte 1: expected a string" },
  { "list", TENSOR "\"model-00001-of-00003.safetensors\"", TENSOR "[1]",
      "weight_map: 'features.0.weight': expected the name of a file" },
  { "empty-name", TENSOR "\"model-00001-of-00003.safetensors\"", TENSOR "\"\"",
      "the name is empty" },
  { "absolute", TENSOR "\"model", TENSOR "\"/model", "the name is absolute" },
  { "above", TENSOR "\"model", TENSOR "\"../model",
      "a part that is empty or '..'" },
  { "in-another", TENSOR "\"model-00001", TENSOR "\"model-00002",
      "'model-00001-of-00003.safetensors': has tensor 'features.0.weight', of "
      "which weight_map says something else" },
  { "unknown", "\"features.0.bias\"", "\"features.0.BIAS\"",
      "'model-00001-of-00003.safetensors': has tensor 'features.0.bias', of "
      "which weight_map says something else" },
  { "additional", "\"features.0.bias\"",
      "\"features.99.bias\": \"model-00003-of-00003.safetensors\", "
      "\"features.0.bias\"",
      "tensor 'features.99.bias' is not in "
      "'model-00003-of-00003.safetensors'" },
};

static char *
replace_first (const char *text, const char *from, const char *to)
{
  const char *at = strstr (text, from);

  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (int) (at - text), text, to,
      at + strlen (from));
}

static void
test_index (gconstpointer data)
{
  const Case *t = data;
  g_autofree char *text = read_file (INDEX, NULL);
  g_autofree char *changed = replace_first (text, t->from, t->to);

  copy_model ();
  write_file (INDEX, changed, strlen (changed));
  assert_refused (ALEXNET_ERROR_FORMAT, t->expected);
}

static void
test_missing (void)
{
  g_autofree char *path = make_path (shards[1]);

  copy_model ();
  g_assert_cmpint (g_remove (path), ==, 0);
  assert_refused (ALEXNET_ERROR_NOT_FOUND,
      "model-00002-of-00003.safetensors: No such file or directory");
}

static void
test_link (void)
{
  g_autofree char *path = make_path (shards[1]);

  copy_model ();
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (symlink (shards[0], path), ==, 0);
  assert_refused (ALEXNET_ERROR_FORMAT, "there is a symbolic link in its way");
}

static void
test_twice (void)
{
  gsize size;
  g_autofree char *text = read_file (shards[0], &size);

  copy_model ();
  write_file (shards[1], text, size);
  assert_refused (ALEXNET_ERROR_FORMAT,
      "'model-00002-of-00003.safetensors': tensor * is there twice");
}

static void
test_cut (void)
{
  g_autofree char *path = make_path (shards[2]);

  copy_model ();
  g_assert_cmpint (truncate (path, 2000), ==, 0);
  assert_refused (ALEXNET_ERROR_FORMAT, "'model-00003-of-00003.safetensors': ");
}

/* pytorch_model.bin.index.json */
static void
test_torch (void)
{
  static const char zip[] = "PK\3\4\0\0\10\10\0\0\0\0";

  copy_model ();
  write_file (shards[1], zip, sizeof zip);
  assert_refused (ALEXNET_ERROR_FORMAT,
      "'model-00002-of-00003.safetensors': is no safetensors file; save the "
      "model in one file, or as safetensors");
}

static void
test_many (void)
{
  g_autoptr (GString) text = g_string_new ("{\"weight_map\":{");

  copy_model ();
  for (guint i = 0; i < 65; i++)
    g_string_append_printf (text, "%s\"%u\":\"%u\"", i > 0 ? "," : "", i, i);
  g_string_append (text, "}}");
  write_file (INDEX, text->str, text->len);
  assert_refused (ALEXNET_ERROR_FORMAT, "weight_map names more than 64 files");
}

/* A shard is as much part of a model as the file that was named. */
static void
test_replaced (void)
{
  g_autofree char *path = make_path (INDEX);
  AlexnetModel *model, *same, *other;

  copy_model ();
  model = models_load (path);
  same = models_load (path);
  g_assert_true (same == model);
  copy_file (shards[2]);
  other = models_load (path);
  g_assert_true (other != model);
  alexnet_model_unref (model);
  alexnet_model_unref (same);
  alexnet_model_unref (other);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  directory = g_dir_make_tmp ("alexnet-test-XXXXXX", NULL);
  ADD_NAMED_CASES ("/safetensors-index", cases, test_index);
  g_test_add_func ("/safetensors-index/missing", test_missing);
  g_test_add_func ("/safetensors-index/link", test_link);
  g_test_add_func ("/safetensors-index/twice", test_twice);
  g_test_add_func ("/safetensors-index/cut", test_cut);
  g_test_add_func ("/safetensors-index/torch", test_torch);
  g_test_add_func ("/safetensors-index/many", test_many);
  g_test_add_func ("/safetensors-index/replaced", test_replaced);
  status = g_test_run ();
  remove_tree (directory);
  g_free (directory);
  return status;
}
