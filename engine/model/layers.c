/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "layers.h"

#include <string.h>

#include "leftovers.h"

/* Where a layer stands in a module of PyTorch's. */
typedef struct {
  const AlexnetLayer *layer;
  char **words; /* of its name there */
} Slot;

typedef struct {
  const AlexnetModelSource *source;
  GArray *slots;     /* Slot; the first convolution's first */
  GHashTable *homes; /* what stands before the names of this network's */
} Check;

static void
clear_slot (gpointer slot)
{
  g_strfreev (((Slot *) slot)->words);
}

static void
add_slot (GArray *slots, const AlexnetLayer *layer, const char *name)
{
  const Slot slot = { layer, g_strsplit (name, ".", -1) };

  g_array_append_val (slots, slot);
}

/* The layers without tensors beside one with a number, on to the next with
 * tensors or back to it. */
static void
add_neighbours (GArray *slots, const AlexnetNetwork *network, guint at,
    int step)
{
  const char *name = network->layers[at].name;
  const char *dot = strrchr (name, '.');
  int number = dot ? (int) g_ascii_strtoll (dot + 1, NULL, 10) : 0;

  if (!dot || !g_ascii_isdigit (dot[1]))
    return;
  for (int i = (int) at + step; i >= 0 && i < (int) network->n_layers &&
       !network->layers[i].name && (number += step) >= 0;
       i += step) {
    g_autofree char *other = g_strdup_printf ("%.*s.%d", (int) (dot - name),
        name, number);

    add_slot (slots, &network->layers[i], other);
  }
}

static GArray *
make_slots (const AlexnetNetwork *network)
{
  GArray *slots = g_array_new (FALSE, FALSE, sizeof (Slot));

  g_array_set_clear_func (slots, clear_slot);
  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (layer->name) {
      add_slot (slots, layer, layer->name);
      add_neighbours (slots, network, i, 1);
      add_neighbours (slots, network, i, -1);
    } else if (layer->kind == ALEXNET_LAYER_AVGPOOL) {
      add_slot (slots, layer, "avgpool");
    }
  }
  return slots;
}

/* How many words stand before the slot's, -1 when these are not there. Wrappers
 * may stand between them; they have no numbers. `end` is the word behind. */
static int
match (char *const *words, const Slot *slot, guint *end)
{
  guint n = g_strv_length ((char **) words), n_found = 1;
  int first = (int) n;

  while (--first >= 0 && !g_str_equal (words[first], slot->words[0]))
    ;
  if (first < 0)
    return -1;
  for (*end = (guint) first + 1; slot->words[n_found]; ++*end) {
    if (*end == n)
      return -1;
    if (g_str_equal (words[*end], slot->words[n_found]))
      n_found++;
    else if (alexnet_name_is_number (words[*end]))
      return -1;
  }
  return first;
}

static char *
join (char *const *words, int n)
{
  GString *name = g_string_new (NULL);

  for (int i = 0; i < n; i++)
    g_string_append_printf (name, "%s.", words[i]);
  return g_string_free (name, FALSE);
}

static gboolean
has_weight (const Check *check, const AlexnetModule *module,
    const AlexnetTensor *weight)
{
  g_autofree char *name = g_strconcat (module->name, ".weight", NULL);
  const AlexnetTensorEntry
      *entry = alexnet_tensor_set_find (check->source->tensors, name);

  return entry && !entry->unusable &&
      alexnet_tensor_equal (&entry->tensor, weight);
}

/* The network may be there under several names, as that of a module and that of
 * its state_dict. */
static void
find_home (Check *check, const AlexnetModule *module)
{
  g_auto (GStrv) words = g_strsplit (module->name, ".", -1);
  const Slot *slot = &g_array_index (check->slots, Slot, 0);
  guint end;
  int before = match (words, slot, &end);

  if (before >= 0 && has_weight (check, module, &slot->layer->weight))
    g_hash_table_add (check->homes, join (words, before));
}

/* ---- one layer ----------------------------------------------------------- */

/* What computes the same as a kind of layer, beside PyTorch's own. */
static const struct {
  AlexnetLayerKind kind;
  const char *types[8];
} kin[] = {
  { ALEXNET_LAYER_LINEAR, { "NonDynamicallyQuantizableLinear" } },
  { ALEXNET_LAYER_AVGPOOL, { "Identity", "Flatten", "Dropout" } },
  { ALEXNET_LAYER_DROPOUT,
      { "Identity", "Flatten", "Dropout1d", "Dropout2d", "Dropout3d",
          "AlphaDropout", "FeatureAlphaDropout" } },
  { ALEXNET_LAYER_SOFTMAX, { "LogSoftmax", "Softmax2d", "Identity" } },
};

static gboolean
is_kin (AlexnetLayerKind kind, const char *type)
{
  if (g_str_equal (type, alexnet_layer_kind_name (kind)))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (kin); i++)
    for (guint j = 0; kin[i].kind == kind && j < G_N_ELEMENTS (kin[i].types) &&
         kin[i].types[j];
         j++)
      if (g_str_equal (type, kin[i].types[j]))
        return TRUE;
  return FALSE;
}

/* The settings that matter, and the value of each: a field of the layer or one
 * that is always the same. */
#define FIELD(f) G_STRUCT_OFFSET (AlexnetLayer, f), NULL

static const struct {
  AlexnetLayerKind kind;
  const char *name;
  gsize field;
  const char *value;
} settings[] = {
  { ALEXNET_LAYER_CONV, "kernel_size", FIELD (kernel) },
  { ALEXNET_LAYER_CONV, "stride", FIELD (stride) },
  { ALEXNET_LAYER_CONV, "padding", FIELD (padding) },
  { ALEXNET_LAYER_CONV, "dilation", 0, "(1, 1)" },
  { ALEXNET_LAYER_CONV, "groups", FIELD (groups) },
  { ALEXNET_LAYER_CONV, "padding_mode", 0, "'zeros'" },
  { ALEXNET_LAYER_MAXPOOL, "kernel_size", FIELD (kernel) },
  { ALEXNET_LAYER_MAXPOOL, "stride", FIELD (stride) },
  { ALEXNET_LAYER_MAXPOOL, "padding", FIELD (padding) },
  { ALEXNET_LAYER_MAXPOOL, "dilation", 0, "1" },
  { ALEXNET_LAYER_MAXPOOL, "ceil_mode", 0, "False" },
  { ALEXNET_LAYER_AVGPOOL, "output_size", FIELD (size) },
};

/* Whether words or another rounding come to the same as the layer's numbers. */
static gboolean
comes_to_same (const AlexnetLayer *layer, const char *name, const char *value)
{
  guint side = layer->in.height + layer->padding + layer->end_padding;

  if (g_str_equal (name, "padding"))
    return (g_str_equal (value, "'valid'") && layer->padding == 0) ||
        (g_str_equal (value, "'same'") && layer->stride == 1 &&
            layer->kernel == 2 * layer->padding + 1);
  return g_str_equal (name, "ceil_mode") && g_str_equal (value, "True") &&
      (side - layer->kernel) % layer->stride == 0;
}

/* The two ways to write a number that goes for height and width. */
static gboolean
is_value (const char *value, const char *one, const char *two)
{
  return g_str_equal (value, one) || g_str_equal (value, two);
}

static gboolean
check_setting (const AlexnetLayer *layer, guint index, const char *layer_name,
    const char *value, GError **error)
{
  const char *name = settings[index].name, *fixed = settings[index].value;
  guint number = fixed ? 1
                       : G_STRUCT_MEMBER (guint, layer, settings[index].field);
  g_autofree char *one = fixed ? g_strdup (fixed)
                               : g_strdup_printf ("%u", number);
  g_autofree char *two = g_strdup_printf ("(%u, %u)", number, number);

  if (is_value (value, one, two) || comes_to_same (layer, name, value))
    return TRUE;
  return alexnet_format_error (error, "layer %s has %s %s, expected %s",
      layer_name, name, value, value[0] == '(' ? two : one);
}

static gboolean
check_settings (const AlexnetLayer *layer, const AlexnetModule *module,
    const char *layer_name, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    const char *value = g_hash_table_lookup (module->settings,
        settings[i].name);

    if (settings[i].kind == layer->kind && value &&
        !check_setting (layer, i, layer_name, value, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_type (const AlexnetLayer *layer, const AlexnetModule *module,
    const char *layer_name, GError **error)
{
  g_autofree char *quoted = NULL;

  if (is_kin (layer->kind, alexnet_name_last_word (module->type)))
    return TRUE;
  quoted = alexnet_quote (module->type);
  return alexnet_format_error (error, "layer %s is a %s, expected a %s",
      layer_name, quoted, alexnet_layer_kind_name (layer->kind));
}

/* `inner`: the module is a part of what stands for the layer. */
static gboolean
check_layer (const AlexnetLayer *layer, const AlexnetModule *module,
    gboolean inner, GError **error)
{
  g_autofree char *name = alexnet_quote (module->name);

  if (inner &&
      is_kin (ALEXNET_LAYER_DROPOUT, alexnet_name_last_word (module->type)))
    return TRUE;
  return check_type (layer, module, name, error) &&
      (!g_str_has_suffix (module->type,
           alexnet_layer_kind_name (layer->kind)) ||
          check_settings (layer, module, name, error));
}

static gboolean
check_module (const Check *check, const AlexnetModule *module, GError **error)
{
  g_auto (GStrv) words = g_strsplit (module->name, ".", -1);

  for (guint i = 0; i < check->slots->len; i++) {
    const Slot *slot = &g_array_index (check->slots, Slot, i);
    guint end = 0;
    int before = match (words, slot, &end);
    g_autofree char *home = before >= 0 ? join (words, before) : NULL;

    if (home && g_hash_table_contains (check->homes, home) &&
        !check_layer (slot->layer, module, words[end] != NULL, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
alexnet_layers_check (const AlexnetModelSource *source,
    const AlexnetNetwork *network, GError **error)
{
  g_autoptr (GArray) slots = make_slots (network);
  g_autoptr (GHashTable)
      homes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Check check = { source, slots, homes };
  const GPtrArray *modules = source->modules;

  for (guint i = 0; i < modules->len; i++)
    find_home (&check, modules->pdata[i]);
  for (guint i = 0; i < modules->len; i++)
    if (!check_module (&check, modules->pdata[i], error))
      return FALSE;
  return TRUE;
}
