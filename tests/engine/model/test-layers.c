/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Modules whose owner changed a layer: files of PyTorch's (tests/data/torch) in
 * which some bytes are replaced by as many others. */

#include <string.h>

#include "formats/torch/archive.h"
#include "model/model.h"
#include "support/cases.h"
#include "support/data-path.h"
#include "support/says.h"
#include "support/zip-builder.h"

typedef struct {
  const char *name, *file;
  const char *from, *to; /* everywhere in the file */
  const char *message;   /* NULL: it loads */
} Case;

#define MODULE(n, f, t, m)                  \
  {                                         \
    "module/" n, "module-2.14.pth", f, t, m \
  }
#define SCRIPT(n, f, t, m)                   \
  {                                          \
    "script/" n, "scripted-2.14.pt", f, t, m \
  }

#define EXPORT(n, f, t, m)                    \
  {                                           \
    "export/" n, "exported-2.14.pt2", f, t, m \
  }

static const Case cases[] = {
  MODULE ("same", "\nReLU\n", "\nReLU\n", NULL),
  MODULE ("tanh", "\nReLU\n", "\nTanh\n",
      "layer 'features.1' is a 'torch.nn.modules.activation.Tanh', expected a "
      "ReLU"),
  MODULE ("average", "\nMaxPool2d\n", "\nAvgPool2d\n",
      "layer 'features.2' is a 'torch.nn.modules.pooling.AvgPool2d', expected "
      "a MaxPool2d"),
  MODULE ("own class of that name", "torch.nn.modules.activation\nReLU\n",
      "some.package.of.my.own.doin\nReLU\n", NULL),
  MODULE ("stride", "K\x04K\x04\x86", "K\x02K\x02\x86",
      "layer 'features.0' has stride (2, 2), expected (4, 4)"),
  MODULE ("padding", "K\x02K\x02\x86", "K\x03K\x02\x86",
      "layer 'features.0' has padding (3, 2), expected (2, 2)"),
  MODULE ("padding mode", "zeros", "wraps",
      "layer 'features.0' has padding_mode 'wraps', expected 'zeros'"),
  { "old/tanh", "legacy-module-2.14.pth", "\nReLU\n", "\nTanh\n",
      "layer 'net.module.features.1' is a" },
  { "both/tanh", "both-2.14.pth", "\nReLU\n", "\nTanh\n",
      "layer 'net.features.1' is a 'torch.nn.modules.activation.Tanh'" },
  SCRIPT ("tanh", "\nReLU\n", "\nTanh\n",
      "layer 'features.1' is a 'torch.nn.modules.activation.Tanh', expected a "
      "ReLU"),
  SCRIPT ("average", "\nMaxPool2d\n", "\nAvgPool2d\n",
      "layer 'features.2' is a 'torch.nn.modules.pooling.AvgPool2d', expected "
      "a MaxPool2d"),
  SCRIPT ("stride", "] = (4, 4)", "] = (2, 2)",
      "layer 'features.0' has stride (2, 2), expected (4, 4)"),
  SCRIPT ("pool", "kernel_size : Final[int] = 3",
      "kernel_size : Final[int] = 2",
      "layer 'features.2' has kernel_size 2, expected 3"),
  SCRIPT ("padding mode", "\"zeros\"", "\"wraps\"",
      "layer 'features.0' has padding_mode 'wraps', expected 'zeros'"),
  { "traced/stride", "traced-2.14.pt", "[4, 4], [2, 2]", "[2, 2], [2, 2]",
      "layer 'features.0' has stride (2, 2), expected (4, 4)" },
  { "traced/pool", "traced-2.14.pt", "[3, 3], [2, 2], [0, 0]",
      "[3, 3], [2, 2], [1, 1]",
      "layer 'features.2' has padding (1, 1), expected (0, 0)" },
  { "traced/tanh", "traced-1.13.pt", "\nReLU\n", "\nTanh\n",
      "layer 'features.1' is a 'torch.nn.modules.activation.Tanh', expected a "
      "ReLU" },
  EXPORT ("tanh", "aten.relu.default", "aten.tanh.default",
      "the graph computes 'torch.ops.aten.tanh.default'"),
  EXPORT ("stride", "\"as_ints\": [4, 4]", "\"as_ints\": [2, 2]",
      "layer 'features.0' has stride (2, 2), expected (4, 4)"),
  EXPORT ("pool", "\"as_ints\": [3, 3]", "\"as_ints\": [4, 4]",
      "layer 'features.2' has kernel_size (4, 4), expected (3, 3)"),
  EXPORT ("constant padding, as in a normalisation", "aten.relu.default",
      "aten.pad.default0", NULL),
  EXPORT ("no target", "\"target\"", "\"tarxet\"",
      "expected a node with a target"),
  EXPORT ("no nodes", "\"nodes\"", "\"nodez\"",
      "expected a JSON array 'graph_module.graph.nodes'"),
};

static guint
replace (char *data, gsize size, const char *from, const char *to)
{
  gsize length = strlen (from);
  guint n = 0;

  g_assert_cmpuint (strlen (to), ==, length);
  for (gsize i = 0; i + length <= size; i++)
    if (memcmp (data + i, from, length) == 0) {
      memcpy (data + i, to, length);
      n++;
    }
  return n;
}

/* What is deflated lies there as it is: TorchScript's code. */
static GByteArray *
unpack (const char *path)
{
  g_autoptr (AlexnetFile) file = alexnet_file_open (path, NULL);
  g_autoptr (AlexnetZip) zip = alexnet_zip_new (file, NULL);
  const AlexnetTorchArchive archive = { file, zip, "" };
  guint n = zip->entries->len;
  g_autofree ZipBuilderEntry *entries = g_new0 (ZipBuilderEntry, n + 1);
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n; i++) {
    const AlexnetZipEntry *entry = zip->entries->pdata[i];
    gsize size = (gsize) entry->size;
    char *part = entry->method == 0
        ? g_malloc (size)
        : alexnet_torch_archive_read_code (&archive, entry, NULL);

    if (entry->method == 0)
      alexnet_file_read (file, entry->begin, part, size, NULL);
    else
      size = strlen (part);
    g_ptr_array_add (parts, part);
    entries[i] = (ZipBuilderEntry){ entry->name, part, size };
  }
  return zip_builder_make (entries);
}

static char *
read_contents (const char *path, gsize *size)
{
  g_autoptr (GError) error = NULL;
  char *contents;

  if (g_str_has_suffix (path, ".pt"))
    return (char *) g_byte_array_steal (unpack (path), size);
  g_file_get_contents (path, &contents, size, &error);
  g_assert_no_error (error);
  return contents;
}

static void
test_change (gconstpointer data)
{
  const Case *c = data;
  g_autofree char *path = data_path ("torch", c->file);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  AlexnetModel *model;
  char *contents;
  gsize size;

  contents = read_contents (path, &size);
  g_assert_cmpuint (replace (contents, size, c->from, c->to), >, 0);
  bytes = g_bytes_new_take (contents, size);
  model = alexnet_model_new_from_bytes (bytes, c->file, NULL, &error);
  if (c->message) {
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
    g_assert_null (model);
    assert_says (error->message, c->message);
  } else {
    g_assert_no_error (error);
    alexnet_model_unref (model);
  }
}

/* Of a file that would have a module made for every few bytes. */
static void
test_too_many (void)
{
  AlexnetModelSource *source = alexnet_model_source_new ();
  g_autoptr (GError) error = NULL;
  gboolean ok = TRUE;

  for (guint i = 0; i < 4097; i++) {
    AlexnetModule *module = g_new0 (AlexnetModule, 1);

    g_assert_true (ok);
    module->settings = g_hash_table_new (g_str_hash, g_str_equal);
    ok = alexnet_model_source_add_module (source, module, &error);
  }
  g_assert_false (ok);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr (error->message, ==, "more than 4096 modules");
  alexnet_model_source_free (source);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD_NAMED_CASES ("/layers", cases, test_change);
  g_test_add_func ("/layers/too-many", test_too_many);
  return g_test_run ();
}
