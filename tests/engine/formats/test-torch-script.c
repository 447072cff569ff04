/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the layers of TorchScript archives are set, as their code says. */

#include <string.h>

#include "formats/torch/torch.h"
#include "support/broken-file.h"
#include "support/cases.h"
#include "support/data-path.h"
#include "support/zip-builder.h"

static const char *const versions[] = { "1.13", "2.14" };

static const struct {
  const char *kind, *module, *name, *value;
} settings[] = {
  { "scripted", "features.0", "kernel_size", "(11, 11)" },
  { "scripted", "features.0", "stride", "(4, 4)" },
  { "scripted", "features.0", "padding", "(2, 2)" },
  { "scripted", "features.0", "padding_mode", "'zeros'" },
  { "scripted", "features.2", "kernel_size", "3" },
  { "scripted", "features.2", "ceil_mode", "False" },
  { "scripted", "features.3", "stride", "(1, 1)" },
  { "traced", "features.0", "stride", "(4, 4)" },
  { "traced", "features.0", "padding", "(2, 2)" },
  { "traced", "features.0", "dilation", "(1, 1)" },
  { "traced", "features.0", "groups", "1" },
  { "traced", "features.2", "kernel_size", "(3, 3)" },
  { "traced", "features.2", "stride", "(2, 2)" },
  { "traced", "features.2", "padding", "(0, 0)" },
  { "traced", "features.3", "stride", "(1, 1)" },
};

static AlexnetModelSource *
read_source (AlexnetFile *file, GError **error)
{
  g_autoptr (AlexnetModelSource) source = alexnet_model_source_new ();

  g_ptr_array_add (source->files, alexnet_file_ref (file));
  return alexnet_torch_zip_read (source, file, error)
      ? g_steal_pointer (&source)
      : NULL;
}

static const char *
find_setting (const AlexnetModelSource *source, const char *module,
    const char *name)
{
  for (guint i = 0; i < source->modules->len; i++) {
    const AlexnetModule *found = source->modules->pdata[i];

    if (g_str_equal (found->name, module))
      return g_hash_table_lookup (found->settings, name);
  }
  return NULL;
}

static AlexnetModelSource *
read_file (const char *kind, const char *version)
{
  g_autofree char *name = g_strdup_printf ("%s-%s.pt", kind, version);
  g_autofree char *path = data_path ("torch", name);
  g_autoptr (GError) error = NULL;
  g_autoptr (AlexnetFile) file = alexnet_file_open (path, &error);
  AlexnetModelSource *source;

  g_assert_no_error (error);
  source = read_source (file, &error);
  g_assert_no_error (error);
  return source;
}

static void
test_settings (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    for (guint j = 0; j < G_N_ELEMENTS (versions); j++) {
      g_autoptr (AlexnetModelSource)
          source = read_file (settings[i].kind, versions[j]);

      g_assert_cmpstr (find_setting (source, settings[i].module,
                           settings[i].name),
          ==, settings[i].value);
    }
}

/* A pickle of one Conv2d of TorchScript's with nothing in it. */
#define PICKLE \
  "\x80\x02"   \
  "c__torch__.torch.nn.modules.conv\nConv2d\n)\x81}b."

typedef struct {
  const char *name, *code;
  const char *stride, *padding; /* NULL: not known */
} Code;

#define CLASS "class Conv2d(Module):\n"

static const Code codes[] = {
  { "none", "", NULL, NULL },
  { "other-class", "class Conv1d(Module):\n  stride : Final[int] = 3\n", NULL,
      NULL },
  { "next-class", CLASS "class Conv1d(Module):\n  stride : Final[int] = 3\n",
      NULL, NULL },
  { "not-final", CLASS "  stride : int\n  x = \"] = 3\"\n", NULL, NULL },
  { "computed", CLASS "  stride : Final[int] = f(2)\n", NULL, NULL },
  { "cut", CLASS "  stride : Final[Tuple[int", NULL, NULL },
  { "no-value", CLASS "  stride : Final[int] = ", NULL, NULL },
  { "constant-first",
      CLASS "  stride : Final[int] = 3\n    torch.conv2d(a, b, c, [4, 4], [1, "
            "1])",
      "3", "(1, 1)" },
  { "variables", CLASS "torch.conv2d(a, f(b, b), c, _1, [2, 1], [1, 1])", NULL,
      "(2, 1)" },
  { "words", CLASS "torch._convolution_mode(a, b, c, [1, 1], \"same\", [1, 1])",
      "(1, 1)", "'same'" },
  { "empty-list", CLASS "torch.conv2d(a, b, c, [], [2])", NULL, NULL },
  { "long",
      CLASS "  stride : Final[int] = 1111111111111111111111111111111111111\n",
      NULL, NULL },
  { "few", CLASS "torch.conv2d(a, b", NULL, NULL },
  { "no-arguments", CLASS "torch.conv2d(", NULL, NULL },
  { "unbalanced", CLASS "torch.conv2d(a]]), b, c, [4, 4], [1, 1])", NULL,
      NULL },
};

static GByteArray *
make_archive (const char *code, gsize size)
{
  const ZipBuilderEntry entries[] = {
    { "a/data.pkl", PICKLE, sizeof PICKLE - 1 },
    { "a/constants.pkl", "", 0 },
    { "a/code/__torch__/torch/nn/modules/conv.py", code, size },
    { NULL },
  };

  return zip_builder_make (entries);
}

static void
test_code (gconstpointer data)
{
  const Code *c = data;
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (make_archive (c->code,
      strlen (c->code)));
  g_autoptr (AlexnetFile) file = alexnet_file_new_from_bytes (bytes, "bytes");
  g_autoptr (GError) error = NULL;
  g_autoptr (AlexnetModelSource) source = read_source (file, &error);
  const AlexnetModule *module;

  g_assert_no_error (error);
  g_assert_cmpuint (source->modules->len, ==, 1);
  module = source->modules->pdata[0];
  g_assert_cmpstr (g_hash_table_lookup (module->settings, "stride"), ==,
      c->stride);
  g_assert_cmpstr (g_hash_table_lookup (module->settings, "padding"), ==,
      c->padding);
}

static void
test_too_long (void)
{
  g_autofree char *code = g_strnfill (20000, 'x');
  g_autoptr (GByteArray) zip = make_archive (code, 20000);

  broken_file_assert_refused (zip,
      "zip entry 'a/code/__torch__/torch/nn/modules/conv.py' is not code of at "
      "most 16384 bytes");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/torch/script/settings", test_settings);
  ADD_NAMED_CASES ("/torch/script/code", codes, test_code);
  g_test_add_func ("/torch/script/too-long", test_too_long);
  return g_test_run ();
}
