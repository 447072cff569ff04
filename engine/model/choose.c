/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "choose.h"

static gboolean
is_numbered (const char *name)
{
  g_auto (GStrv) words = g_strsplit (name, ".", 2);

  return words[0] && words[1] && alexnet_name_is_weight (words[1]) &&
      alexnet_name_is_number (words[0]);
}

/* What there is where no network is. */
static void
fail_without_network (const AlexnetTensorSet *set, const GPtrArray *parts,
    GError **error)
{
  g_autoptr (GHashTable) none = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *found = NULL;
  gboolean numbered = FALSE;

  if (!alexnet_leftovers_check_computed (set, "", none, error))
    return;
  for (guint i = 0; i < set->entries->len; i++) {
    const AlexnetTensorEntry *entry = set->entries->pdata[i];

    g_ptr_array_add (names, entry->name);
    numbered = numbered || is_numbered (entry->name);
  }
  found = names->len > 0 ? alexnet_names_to_string (names)
                         : g_strdup ("no tensors");
  if (parts->len > 0)
    alexnet_format_error (error,
        "not an AlexNet: it has %s, and nothing that ends in "
        "classifier.6.weight (torchvision) or fc8.weight (caffe)",
        found);
  else
    alexnet_format_error (error,
        "not an AlexNet: it has %s, expected names that end in "
        "features.0.weight (torchvision) or conv1.weight (caffe)%s",
        found,
        numbered ? "; layers of a bare nn.Sequential have numbers for names, "
                   "which do not say what they are"
                 : "");
}

/* Whether the weights of both are the same ones, as those of a module and of
 * its state_dict beside it. */
static gboolean
is_same_network (gconstpointer a, gconstpointer b)
{
  const AlexnetPart *x = a, *y = b;
  GHashTableIter iter;
  gpointer name, value;

  if (x->network != y->network ||
      g_hash_table_size (x->tensors) != g_hash_table_size (y->tensors))
    return FALSE;
  g_hash_table_iter_init (&iter, x->tensors);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    const AlexnetTensorEntry *mine = value;
    const AlexnetTensorEntry *other = g_hash_table_lookup (y->tensors, name);

    if (!other || mine->unusable || other->unusable ||
        !alexnet_tensor_equal (&mine->tensor, &other->tensor))
      return FALSE;
  }
  return TRUE;
}

/* Those without usable weights are not the same as any. */
static guint
hash_place (const AlexnetTensorEntry *entry)
{
  const AlexnetTensor *tensor = &entry->tensor;

  if (entry->unusable)
    return g_direct_hash (entry);
  return g_int64_hash (&tensor->offset) ^ g_direct_hash (tensor->file) ^
      g_direct_hash (tensor->data);
}

static guint
hash_network (gconstpointer data)
{
  const AlexnetPart *part = data;
  GHashTableIter iter;
  gpointer name, entry;
  guint hash = 0;

  g_hash_table_iter_init (&iter, part->tensors);
  while (g_hash_table_iter_next (&iter, &name, &entry))
    hash += g_str_hash (name) ^ hash_place (entry);
  return hash;
}

/* The parts that `wanted` stands for: the one of that name or those below it;
 * NULL: all. Of the same network under several names there is the first. */
static GPtrArray *
choose (const GPtrArray *parts, const char *wanted)
{
  g_autoptr (GHashTable)
      networks = g_hash_table_new (hash_network, is_same_network);
  GPtrArray *chosen = g_ptr_array_new ();

  for (guint i = 0; i < parts->len; i++) {
    AlexnetPart *part = parts->pdata[i];

    if (wanted && g_str_equal (part->name, wanted)) {
      g_ptr_array_set_size (chosen, 0);
      g_ptr_array_add (chosen, part);
      break;
    }
    if ((!wanted || alexnet_name_lies_in (part->name, wanted)) &&
        g_hash_table_add (networks, part))
      g_ptr_array_add (chosen, part);
  }
  return chosen;
}

static char *
name_parts (const GPtrArray *parts)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < parts->len; i++)
    g_ptr_array_add (names, ((const AlexnetPart *) parts->pdata[i])->name);
  return alexnet_names_to_string (names);
}

/* The one part that is wanted; NULL and an error when there is none or more. */
static AlexnetPart *
choose_one (const GPtrArray *parts, const char *wanted, GError **error)
{
  g_autoptr (GPtrArray) chosen = choose (parts, wanted);
  g_autofree char *names = name_parts (chosen->len > 0 ? chosen : parts);
  g_autofree char *quoted = wanted ? alexnet_quote (wanted) : NULL;

  if (chosen->len == 1)
    return chosen->pdata[0];
  if (chosen->len == 0)
    alexnet_format_error (error, "no network in part %s; there is one in %s",
        quoted, names);
  else
    alexnet_format_error (error,
        "%u networks are in the file, in the parts %s; choose one (property "
        "model-part, option --part)",
        chosen->len, names);
  return NULL;
}

/* A set of what they are called. */
static GHashTable *
collect_names (const GPtrArray *parts)
{
  GHashTable *names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < parts->len; i++)
    g_hash_table_add (names, ((const AlexnetPart *) parts->pdata[i])->name);
  return names;
}

/* Those with a last layer, too, as other networks do not have it under this
 * name. Where there is one part, what it has and has not says more. */
static GPtrArray *
find_whole (const GPtrArray *parts)
{
  GPtrArray *whole = g_ptr_array_new ();

  for (guint i = 0; i < parts->len; i++)
    if (parts->len == 1 || alexnet_part_has_last_layer (parts->pdata[i]))
      g_ptr_array_add (whole, parts->pdata[i]);
  return whole;
}

/* Whether no layer seems to follow the network. What lies beside a part that is
 * named as a state_dict is of a checkpoint. */
static gboolean
check_beside (const AlexnetPart *part, GError **error)
{
  g_autofree char *found = alexnet_names_to_string (part->left.beside);
  g_autofree char *name = alexnet_quote (part->name);

  if (part->left.beside->len == 0 ||
      g_str_has_suffix (part->name, "state_dict"))
    return TRUE;
  return alexnet_format_error (error,
      "%s is beside the network in part %s, as a layer that follows it; choose "
      "the part to leave it out (property model-part, option --part)",
      found, name);
}

/* What makes a part that was found unfit. */
static gboolean
check_part (AlexnetPart *part, GHashTable *names, const AlexnetTensorSet *set,
    const char *wanted, GError **error)
{
  if (!alexnet_leftovers_check_computed (set, part->name, names, error))
    return FALSE;
  if (part->clash)
    return alexnet_format_error (error, "%s", part->clash);
  alexnet_part_find_unused (part, names, set);
  return wanted || check_beside (part, error);
}

AlexnetPart *
alexnet_part_choose (const AlexnetTensorSet *set, const char *wanted,
    GError **error)
{
  g_autoptr (GPtrArray) parts = alexnet_part_list (set);
  g_autoptr (GPtrArray) whole = find_whole (parts);
  g_autoptr (GHashTable) names = collect_names (parts);
  AlexnetPart *part;
  guint index;

  if (whole->len == 0) {
    fail_without_network (set, parts, error);
    return NULL;
  }
  part = choose_one (whole, wanted, error);
  if (!part || !check_part (part, names, set, wanted, error))
    return NULL;
  if (!g_ptr_array_find (parts, part, &index))
    g_assert_not_reached ();
  return g_ptr_array_steal_index (parts, index);
}
