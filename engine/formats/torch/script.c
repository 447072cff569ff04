/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The code of a TorchScript archive, which says how modules are set: a script's
 * class has constants, that of a trace only what it calls. */

#include "archive.h"

#include <string.h>

#define CONV "torch.nn.modules.conv.Conv2d"
#define MAXPOOL "torch.nn.modules.pooling.MaxPool2d"
#define AVGPOOL "torch.nn.modules.pooling.AdaptiveAvgPool2d"

#define MAX_NAMES 6
#define MAX_VALUE 32

/* Settings that are arguments, from the `first` on; "": another. */
static const struct {
  const char *type, *call;
  guint first;
  const char *names[MAX_NAMES];
} calls[] = {
  { CONV, "torch.conv2d(", 3, { "stride", "padding", "dilation", "groups" } },
  { CONV, "torch._convolution(", 3,
      { "stride", "padding", "dilation", "", "", "groups" } },
  { CONV, "torch._convolution_mode(", 3,
      { "stride", "padding", "dilation", "groups" } },
  { MAXPOOL, "torch.max_pool2d(", 1,
      { "kernel_size", "stride", "padding", "dilation", "ceil_mode" } },
  { AVGPOOL, "torch.adaptive_avg_pool2d(", 1, { "output_size" } },
};

static gboolean
is_set (const AlexnetModule *module)
{
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (g_str_equal (module->type, calls[i].type))
      return TRUE;
  return FALSE;
}

/* A number, a word, (4, 4) or [4, 4], "zeros", as AlexnetModule has it; NULL
 * when it is something else. */
static char *
format_value (const char *text, gsize size)
{
  g_autofree char *value = g_strndup (text, size);
  gboolean listed = value[0] == '[';

  if (g_str_equal (value, "True") || g_str_equal (value, "False"))
    return g_steal_pointer (&value);
  if (size >= 2 && value[0] == '"' && value[size - 1] == '"') {
    value[size - 1] = '\0';
    return alexnet_quote (value + 1);
  }
  g_strdelimit (value, "[", '(');
  g_strdelimit (value, "]", ')');
  if (size == 0 || size > MAX_VALUE ||
      strspn (value, "0123456789(), ") != size ||
      (listed && !strchr (value, ',')))
    return NULL;
  return g_steal_pointer (&value);
}

static void
add_setting (AlexnetModule *module, const char *name, const char *text,
    gsize size)
{
  char *value = format_value (text, size);

  if (value && !g_hash_table_contains (module->settings, name))
    g_hash_table_insert (module->settings, (gpointer) name, value);
  else
    g_free (value);
}

/* "  stride : Final[Tuple[int, int]] = (4, 4)" */
static void
add_constants (AlexnetModule *module, const char *code)
{
  for (guint i = 0; alexnet_module_settings[i]; i++) {
    const char *name = alexnet_module_settings[i];
    g_autofree char *start = g_strdup_printf ("\n  %s : Final[", name);
    const char *line = strstr (code, start), *value;
    gsize size;

    if (!line)
      continue;
    size = strcspn (line + 1, "\n");
    value = g_strstr_len (line + 1, (gssize) size, "] = ");
    if (value)
      add_setting (module, name, value + 4, strcspn (value + 4, "\n"));
  }
}

/* As far as the comma or the bracket behind an argument. */
static gsize
measure_argument (const char *text)
{
  gsize n = 0;
  int depth = 0;

  for (; text[n] && text[n] != '\n'; n++) {
    if (depth == 0 && (text[n] == ',' || text[n] == ')'))
      break;
    depth += text[n] == '(' || text[n] == '[';
    depth -= text[n] == ')' || text[n] == ']';
  }
  return n;
}

static void
add_arguments (AlexnetModule *module, guint call, const char *text)
{
  const char *const *names = calls[call].names;
  guint first = calls[call].first;

  for (guint i = 0; i < first + MAX_NAMES; i++) {
    const char *name = i < first ? "" : names[i - first];
    gsize size = measure_argument (text);

    if (!name)
      return;
    if (name[0] != '\0')
      add_setting (module, name, text, size);
    if (text[size] != ',')
      return;
    text += size + 1;
    text += strspn (text, " ");
  }
}

/* What stands in a file of code for the class of that name. */
static char *
cut_class (const char *text, const char *name)
{
  g_autofree char *head = g_strdup_printf ("class %s(Module):\n", name);
  const char *begin = strstr (text, head);
  const char *end = begin ? strstr (begin, "\nclass ") : NULL;

  if (!begin)
    return NULL;
  return end ? g_strndup (begin, (gsize) (end - begin)) : g_strdup (begin);
}

static void
read_class (AlexnetModule *module, const char *text, const char *name)
{
  g_autofree char *code = cut_class (text, name);

  if (!code)
    return;
  add_constants (module, code);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++) {
    const char *call = g_str_equal (module->type, calls[i].type)
        ? strstr (code, calls[i].call)
        : NULL;

    if (call)
      add_arguments (module, i, call + strlen (calls[i].call));
  }
}

/* The code of a class a.b.C is code/a/b.py's. */
static gboolean
read_module (AlexnetModule *module, const AlexnetTorchArchive *archive,
    GError **error)
{
  const char *dot = module->script ? strrchr (module->script, '.') : NULL;
  g_autofree char *path = NULL, *name = NULL, *text = NULL;
  const AlexnetZipEntry *entry;

  if (!dot || !is_set (module))
    return TRUE;
  path = g_strndup (module->script, (gsize) (dot - module->script));
  g_strdelimit (path, ".", '/');
  name = g_strconcat ("code/", path, ".py", NULL);
  entry = alexnet_torch_archive_find (archive, name);
  if (!entry)
    return TRUE;
  text = alexnet_torch_archive_read_code (archive, entry, error);
  if (!text)
    return FALSE;
  read_class (module, text, dot + 1);
  return TRUE;
}

gboolean
alexnet_torch_script_read (AlexnetModelSource *source,
    const AlexnetTorchArchive *archive, GError **error)
{
  for (guint i = 0; i < source->modules->len; i++)
    if (!read_module (source->modules->pdata[i], archive, error))
      return FALSE;
  return TRUE;
}
