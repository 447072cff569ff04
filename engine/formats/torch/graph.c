/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The graph of a torch.export archive: which operators compute what the weights
 * are for, and how they are set. */

#include "archive.h"

#include <string.h>

#define MODELS "models/"
#define ATEN "torch.ops.aten."

/* Operators of an AlexNet, of what is done to its pictures first, and those
 * that only move values; a normalisation is a padding with zeros and a pooling
 * of volumes, among others. `layer`: the module whose settings the arguments
 * are. */
static const struct {
  const char *name, *layer;
} operators[] = {
  { "conv2d", "Conv2d" },
  { "convolution", "Conv2d" },
  { "max_pool2d", "MaxPool2d" },
  { "max_pool2d_with_indices", "MaxPool2d" },
  { "adaptive_avg_pool2d", "AdaptiveAvgPool2d" },
  { "_adaptive_avg_pool2d", "AdaptiveAvgPool2d" },
  { "relu", NULL },
  { "relu_", NULL },
  { "linear", NULL },
  { "addmm", NULL },
  { "mm", NULL },
  { "matmul", NULL },
  { "softmax", NULL },
  { "_softmax", NULL },
  { "log_softmax", NULL },
  { "_log_softmax", NULL },
  { "dropout", NULL },
  { "dropout_", NULL },
  { "feature_dropout", NULL },
  { "alpha_dropout", NULL },
  { "native_dropout", NULL },
  { "flatten", NULL },
  { "view", NULL },
  { "_unsafe_view", NULL },
  { "reshape", NULL },
  { "squeeze", NULL },
  { "unsqueeze", NULL },
  { "expand", NULL },
  { "permute", NULL },
  { "transpose", NULL },
  { "t", NULL },
  { "clone", NULL },
  { "alias", NULL },
  { "detach", NULL },
  { "detach_", NULL },
  { "contiguous", NULL },
  { "lift_fresh_copy", NULL },
  { "to", NULL },
  { "_to_copy", NULL },
  { "_assert_tensor_metadata", NULL },
  { "_assert_scalar", NULL },
  { "_assert_async", NULL },
  { "sym_constrain_range_for_size", NULL },
  { "sym_size", NULL },
  { "pad", NULL },
  { "constant_pad_nd", NULL },
  { "avg_pool3d", NULL },
  { "pow", NULL },
  { "add", NULL },
  { "sub", NULL },
  { "mul", NULL },
  { "div", NULL },
};

/* The index of an operator, as "torch.ops.aten.relu.default"; -1: of none. */
static int
find_operator (const char *target)
{
  const char *name = target + strlen (ATEN);
  gsize length = strcspn (name, ".");

  for (guint i = 0; i < G_N_ELEMENTS (operators); i++)
    if (strlen (operators[i].name) == length &&
        strncmp (operators[i].name, name, length) == 0)
      return (int) i;
  return -1;
}

/* {"as_ints": [4, 4]}, {"as_int": 1} or {"as_string": "same"}, as Python writes
 * it; NULL when it is something else. */
static char *
format_argument (JsonObject *argument)
{
  JsonArray *ints = alexnet_json_get_array (json_object_get_member (argument,
      "as_ints"));
  const char *text = alexnet_json_get_string (json_object_get_member (argument,
      "as_string"));
  guint n = ints ? json_array_get_length (ints) : 0;
  guint64 a, b;

  if (text)
    return alexnet_quote (text);
  if (n == 0 || n > 2)
    return alexnet_json_get_size (json_object_get_member (argument, "as_int"),
               &a)
        ? g_strdup_printf ("%" G_GUINT64_FORMAT, a)
        : NULL;
  if (!alexnet_json_get_size (json_array_get_element (ints, 0), &a) ||
      !alexnet_json_get_size (json_array_get_element (ints, n - 1), &b))
    return NULL;
  return g_strdup_printf ("(%" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT ")", a,
      b);
}

/* [{"name": "stride", "arg": {...}}, ...] */
static GHashTable *
read_settings (JsonObject *node)
{
  GHashTable *settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  JsonArray *inputs = alexnet_json_get_array (json_object_get_member (node,
      "inputs"));

  for (guint i = 0; inputs && i < json_array_get_length (inputs); i++) {
    JsonObject *input = alexnet_json_get_object (json_array_get_element (inputs,
        i));
    const char *name = input
        ? alexnet_json_get_string (json_object_get_member (input, "name"))
        : NULL;
    JsonObject *argument = name
        ? alexnet_json_get_object (json_object_get_member (input, "arg"))
        : NULL;
    char *value = argument ? format_argument (argument) : NULL;

    if (value)
      g_hash_table_insert (settings, g_strdup (name), value);
  }
  return settings;
}

/* The innermost module that computed a node, of "KEY,NAME,CLASS;..."; NULL
 * when the file does not say it. */
static char *
get_module_name (JsonObject *node)
{
  JsonObject *metadata = alexnet_json_get_object (json_object_get_member (node,
      "metadata"));
  const char *stack = metadata
      ? alexnet_json_get_string (json_object_get_member (metadata,
            "nn_module_stack"))
      : NULL;
  const char *last = stack ? strrchr (stack, ';') : NULL;
  g_auto (GStrv) words = g_strsplit (last ? last + 1 : "", ",", 3);

  return g_strv_length (words) == 3 ? g_strdup (words[1]) : NULL;
}

static gboolean
add_module (AlexnetModelSource *source, JsonObject *node, const char *layer,
    GError **error)
{
  char *name = get_module_name (node);
  AlexnetModule *module;

  if (!name)
    return TRUE;
  module = g_new0 (AlexnetModule, 1);
  module->name = name;
  module->type = g_strdup (layer);
  module->settings = read_settings (node);
  return alexnet_model_source_add_module (source, module, error);
}

/* Other paddings than with a constant are those of a convolution. */
static gboolean
is_known (JsonObject *node, int index)
{
  g_autoptr (GHashTable) settings = NULL;
  const char *mode;

  if (index < 0 || !g_str_equal (operators[index].name, "pad"))
    return index >= 0;
  settings = read_settings (node);
  mode = g_hash_table_lookup (settings, "mode");
  return !mode || g_str_equal (mode, "'constant'");
}

static gboolean
read_node (AlexnetModelSource *source, JsonNode *json, GError **error)
{
  JsonObject *node = alexnet_json_get_object (json);
  const char *target = node
      ? alexnet_json_get_string (json_object_get_member (node, "target"))
      : NULL;
  g_autofree char *quoted = NULL;
  int index;

  if (!target)
    return alexnet_format_error (error, "expected a node with a target");
  if (!g_str_has_prefix (target, ATEN))
    return TRUE;
  index = find_operator (target);
  if (!is_known (node, index)) {
    quoted = alexnet_quote (target);
    return alexnet_format_error (error,
        "the graph computes %s, expected operators of an AlexNet", quoted);
  }
  return !operators[index].layer ||
      add_module (source, node, operators[index].layer, error);
}

/* root["graph_module"]["graph"]["nodes"] */
static gboolean
read_nodes (AlexnetModelSource *source, JsonNode *root, GError **error)
{
  JsonObject *object = alexnet_json_get_object (root);
  JsonArray *nodes;

  if (object)
    object = alexnet_json_get_object (json_object_get_member (object,
        "graph_module"));
  if (object)
    object = alexnet_json_get_object (json_object_get_member (object, "graph"));
  nodes = object
      ? alexnet_json_get_array (json_object_get_member (object, "nodes"))
      : NULL;
  if (!nodes)
    return alexnet_format_error (error,
        "expected a JSON array 'graph_module.graph.nodes'");
  for (guint i = 0; i < json_array_get_length (nodes); i++)
    if (!read_node (source, json_array_get_element (nodes, i), error))
      return FALSE;
  return TRUE;
}

gboolean
alexnet_torch_graph_read (AlexnetModelSource *source,
    const AlexnetTorchArchive *archive, const char *model, GError **error)
{
  g_autofree char *name = g_strconcat (MODELS, model, ".json", NULL);
  g_autofree char *quoted = alexnet_quote (name);
  const AlexnetZipEntry *entry = alexnet_torch_archive_find (archive, name);
  g_autoptr (JsonNode) root = NULL;

  if (!entry)
    return TRUE;
  root = alexnet_torch_archive_read_json (archive, entry, quoted, error);
  return root && read_nodes (source, root, error);
}
