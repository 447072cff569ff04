/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights in files beside an ONNX file: nothing but files below its directory
 * is opened, and nothing beyond their ends is read. */

#include <unistd.h>

#include "formats/onnx/onnx.h"
#include "support/graph-files.h"
#include "support/onnx-builder.h"
#include "support/remove-tree.h"
#include "support/says.h"

/* DIR/model/m.onnx; data of 1000 bytes in weights.bin, in sub/weights.bin, in
 * ../outside.bin, and where the links lead. */
typedef struct {
  char *directory, *model;
} Fixture;

static void
write_data (const Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->directory, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *bytes = g_malloc0 (1000);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, bytes, 1000, NULL));
}

static void
make_link (const Fixture *f, const char *target, const char *name)
{
  g_autofree char *path = g_build_filename (f->directory, name, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("alexnet-test-XXXXXX", NULL);
  f->model = g_build_filename (f->directory, "model", "m.onnx", NULL);
  write_data (f, "outside.bin");
  write_data (f, "model/weights.bin");
  write_data (f, "model/sub/weights.bin");
  make_link (f, "weights.bin", "model/link.bin");
  make_link (f, "sub", "model/linked");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_tree (f->directory);
  g_free (f->directory);
  g_free (f->model);
}

/* A convolution over all of the picture, into one class. */
static GByteArray *
make_model (const char *const *entries)
{
  const gint64 dims[] = { 1, 3, 8, 8 };
  const OnnxBuilderNode conv = { "Conv", { "x", "w" } };
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_external (graph, "w", dims, 4, entries);
  onnx_builder_put_node (graph, &conv);
  return onnx_builder_make_model (graph);
}

static AlexnetModelSource *
read_model (const Fixture *f, const char *const *entries, GError **error)
{
  g_autoptr (GByteArray) model = make_model (entries);

  g_assert_true (g_file_set_contents (f->model, (const char *) model->data,
      model->len, NULL));
  return graph_files_read (alexnet_onnx_read, f->model, error);
}

typedef struct {
  const char *name;
  const char *entries[9]; /* ended by NULL */
  guint64 offset;
  const char *expected; /* NULL: it is read from `offset` on */
} Case;

#define AT(location) "location", location

static const Case cases[] = {
  { "whole", { AT ("weights.bin") }, 0, NULL },
  { "offset", { AT ("weights.bin"), "offset", "232" }, 232, NULL },
  { "length", { "length", "768", "offset", "1", AT ("weights.bin") }, 1, NULL },
  { "checksum", { AT ("weights.bin"), "checksum", "0" }, 0, NULL },
  { "below", { AT ("sub/weights.bin") }, 0, NULL },
  { "no-location", { "offset", "0" }, 0, "the name is empty" },
  { "parent", { AT ("../outside.bin") }, 0,
      "tensor 'w': cannot open '../outside.bin' beside" },
  { "parent-below", { AT ("sub/../../outside.bin") }, 0, "'..'" },
  { "absolute", { AT ("/etc/passwd") }, 0, "the name is absolute" },
  { "link", { AT ("link.bin") }, 0, "a symbolic link" },
  { "link-below", { AT ("linked/weights.bin") }, 0, "a symbolic link" },
  { "absent", { AT ("nothing.bin") }, 0, "nothing.bin: No such file" },
  { "directory", { AT ("sub") }, 0, "it is a directory" },
  { "beyond-end", { AT ("weights.bin"), "offset", "233" }, 0,
      "lies at byte 233 with 768 bytes, but the file ends at 1000" },
  { "far-beyond-end", { AT ("weights.bin"), "offset", "9223372036854775807" },
      0, "lies at byte 9223372036854775807" },
  { "sum-overflows",
      { AT ("weights.bin"), "offset", "9223372036854775807", "length",
          "9223372036854775807" },
      0, "lies at byte 9223372036854775807" },
  { "offset-overflows",
      { AT ("weights.bin"), "offset", "18446744073709551616" }, 0,
      "the offset of its external data is '18446744073709551616'" },
  { "offset-negative", { AT ("weights.bin"), "offset", "-1" }, 0,
      "the offset of its external data is '-1', expected a number" },
  { "length-no-number", { AT ("weights.bin"), "length", "0x300" }, 0,
      "the length of its external data is '0x300'" },
  { "length-other", { AT ("weights.bin"), "length", "764" }, 0,
      "764 bytes, expected 768 from its shape" },
};

static void
test_case (Fixture *f, gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AlexnetModelSource) source = read_model (f, c->entries, &error);

  if (c->expected) {
    g_assert_null (source);
    assert_says (error->message, c->expected);
  } else {
    g_assert_no_error (error);
    g_assert_cmpuint (source->network->layers[0].weight.offset, ==, c->offset);
    g_assert_true (source->network->layers[0].weight.file ==
        source->files->pdata[1]);
  }
}

/* A file in memory has nothing beside it. */
static void
test_memory (void)
{
  const char *const entries[] = { AT ("weights.bin"), NULL };

  graph_files_assert_refused (alexnet_onnx_read, make_model (entries),
      "it lies in memory");
}

/* Each tensor in another file, by the same path written otherwise. */
static void
test_too_many (Fixture *f, gconstpointer data)
{
  const gint64 dims[] = { 1 };
  GByteArray *graph = onnx_builder_make_graph ();
  g_autoptr (GByteArray) model = NULL;
  g_autoptr (GString) location = g_string_new ("weights.bin");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 65; i++) {
    const char *const entries[] = { "location", location->str, NULL };
    g_autofree char *name = g_strdup_printf ("w%u", i);

    onnx_builder_put_external (graph, name, dims, 1, entries);
    g_string_prepend (location, "./");
  }
  model = onnx_builder_make_model (graph);
  g_assert_true (g_file_set_contents (f->model, (const char *) model->data,
      model->len, NULL));
  g_assert_null (graph_files_read (alexnet_onnx_read, f->model, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message, "in more than 64 files");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/onnx/external/", cases[i].name,
        NULL);

    g_test_add (path, Fixture, &cases[i], set_up, test_case, tear_down);
  }
  g_test_add ("/onnx/external/too-many", Fixture, NULL, set_up, test_too_many,
      tear_down);
  g_test_add_func ("/onnx/external/memory", test_memory);
  return g_test_run ();
}
