/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What other programs write under the keys of ours: it is told, and no more.
 * What is ours and damaged is refused: test-model.c. */

#include <glib/gstdio.h>
#include <string.h>

#include "model/model.h"
#include "support/cases.h"
#include "support/graph-files.h"
#include "support/models.h"
#include "support/says.h"

typedef struct {
  const char *name, *key, *value;
  const char *note; /* NULL: there is none */
} Case;

#define NOT_USED(key) "note: " key " in the file is not used: "

static const Case cases[] = {
  { "any-alexnet", "architecture", "AlexNet", NULL },
  { "alexnet", "architecture", "alexnet", NULL },
  { "sentence", "architecture", "My CNN",
      NOT_USED ("architecture") "'My CNN' is no name of an architecture\n" },
  { "class", "architecture", "torchvision.models.AlexNet",
      NOT_USED ("architecture") "'torchvision.models.AlexNet' is no name of an "
                                "architecture\n" },
  { "words", "labels", "cat,dog",
      NOT_USED ("labels") "'cat,dog' is not JSON\n" },
  { "python-list", "labels", "['cat', 'dog']",
      NOT_USED ("labels") "'['cat', 'dog']' is not JSON\n" },
  { "python-dict", "labels", "{0: 'cat', 1: 'dog'}",
      NOT_USED ("labels") "'{0: 'cat', 1: 'dog'}' is not JSON\n" },
  { "preset", "preprocess", "imagenet",
      NOT_USED ("preprocess") "'imagenet' is not JSON\n" },
  { "count", "layers", "8", NOT_USED ("layers") "'8' is not JSON\n" },
  { "flag", "int8", "false", NOT_USED ("int8") "'false' is not JSON\n" },
};

static char *dir;

static void
assert_note (const AlexnetModel *model, const char *key, const char *note)
{
  const char *origin = alexnet_model_get_origin (model);

  if (note)
    assert_says (origin, note);
  else
    g_assert_null (strstr (origin, " is not used"));
  g_assert_null (alexnet_model_get_metadata (model, key));
}

/* It is as if it was not there, and is not written again. */
static void
test_safetensors (gconstpointer data)
{
  const Case *t = data;
  g_autofree char *path = models_path ("torchvision-narrow.safetensors");
  g_autofree char *copy = g_build_filename (dir, "copy.safetensors", NULL);
  AlexnetModel *plain = models_load (path), *model;

  g_assert_true (alexnet_model_write (plain, t->key, t->value, copy, NULL,
      NULL));
  model = models_load (copy);
  assert_note (model, t->key, t->note);
  g_assert_null (alexnet_model_get_labels (model));
  g_assert_cmpstr (alexnet_model_get_architecture (model), ==, "torchvision");
  g_assert_cmpmem (alexnet_model_get_preprocess (model),
      sizeof (AlexnetPreprocess), alexnet_model_get_preprocess (plain),
      sizeof (AlexnetPreprocess));
  g_assert_true (alexnet_model_save (model, copy, NULL, NULL));
  alexnet_model_unref (model);
  model = models_load (copy);
  g_assert_null (strstr (alexnet_model_get_origin (model), " is not used"));
  alexnet_model_unref (model);
  alexnet_model_unref (plain);
  g_remove (copy);
}

/* ONNX has the same keys as metadata_props: fields may come in any order. */
static void
test_onnx (gconstpointer data)
{
  const Case *t = data;
  g_autofree char *path = graph_files_path ("onnx", "bvlc-224.onnx");
  g_autofree char *text = NULL;
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GByteArray *entry = g_byte_array_new ();
  AlexnetModel *model;
  gsize size;

  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  g_byte_array_append (file, (const guint8 *) text, (guint) size);
  graph_files_put_text (entry, 1, t->key);
  graph_files_put_text (entry, 2, t->value);
  graph_files_put_message (file, 14, entry);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&file));
  model = alexnet_model_new_from_bytes (bytes, "copy.onnx", NULL, &error);
  g_assert_no_error (error);
  assert_note (model, t->key, t->note);
  alexnet_model_unref (model);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("alexnet-foreign-keys-XXXXXX", NULL);
  g_assert_nonnull (dir);
  ADD_NAMED_CASES ("/foreign-keys/safetensors", cases, test_safetensors);
  ADD_NAMED_CASES ("/foreign-keys/onnx", cases, test_onnx);
  status = g_test_run ();
  g_rmdir (dir);
  g_free (dir);
  return status;
}
