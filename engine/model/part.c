/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "part.h"

#include <string.h>

void
alexnet_part_free (AlexnetPart *part)
{
  if (!part)
    return;
  g_free (part->name);
  g_free (part->clash);
  g_hash_table_unref (part->tensors);
  g_hash_table_unref (part->below);
  alexnet_leftovers_clear (&part->left);
  g_free (part);
}

/* How many words of the name stand before a layer's; -1 when these words, of
 * which the last is "weight" or "bias", are none of its. */
static int
match (char *const *words, guint n_words, const char *layer)
{
  g_auto (GStrv) wanted = g_strsplit (layer, ".", -1);
  guint left = g_strv_length (wanted);
  int i = (int) n_words - 2;

  if (i < 0 || !g_str_equal (words[i], wanted[left - 1]))
    return -1;
  for (left--; left > 0; left--) {
    for (i--; i >= 0 && !g_str_equal (words[i], wanted[left - 1]);)
      i--;
    if (i < 0)
      return -1;
  }
  return i;
}

static char *
join (char *const *words, guint n)
{
  g_autoptr (GString) name = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (name, "%s%s", i > 0 ? "." : "", words[i]);
  return g_strdup (name->str);
}

static AlexnetPart *
part_new (const AlexnetNetwork *network, const char *name)
{
  AlexnetPart *part = g_new0 (AlexnetPart, 1);

  part->name = g_strdup (name);
  part->network = network;
  part->tensors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  part->below = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  alexnet_leftovers_init (&part->left);
  return part;
}

/* All parts so far. */
typedef struct {
  GPtrArray *list;   /* AlexnetPart, in the order of the file */
  GHashTable *known; /* the same, by network and name */
} Parts;

static guint
hash_part (gconstpointer data)
{
  const AlexnetPart *part = data;

  return g_str_hash (part->name) ^ g_direct_hash (part->network);
}

static gboolean
is_same_part (gconstpointer a, gconstpointer b)
{
  const AlexnetPart *x = a, *y = b;

  return x->network == y->network && g_str_equal (x->name, y->name);
}

static AlexnetPart *
get_part (Parts *parts, const AlexnetNetwork *network, char *name)
{
  const AlexnetPart key = { .name = name, .network = network };
  AlexnetPart *part = g_hash_table_lookup (parts->known, &key);

  if (part)
    return part;
  part = part_new (network, name);
  g_ptr_array_add (parts->list, part);
  g_hash_table_add (parts->known, part);
  return part;
}

/* What stands between the words of a layer in a tensor's name has a number, as
 * "classifier.6.1" has as classifier.1: a module of its own rather than a
 * wrapper. */
static gboolean
skips_number (const AlexnetPart *part, const char *tensor, const char *name)
{
  g_auto (GStrv) wanted = g_strsplit (name, ".", -1);
  g_auto (GStrv) words = g_strsplit (tensor + strlen (part->name), ".", -1);
  guint numbers[2] = { 0 };

  for (guint i = 0; words[i]; i++)
    numbers[0] += alexnet_name_is_number (words[i]);
  for (guint i = 0; wanted[i]; i++)
    numbers[1] += alexnet_name_is_number (wanted[i]);
  return numbers[0] > numbers[1];
}

static void
note_clash (AlexnetPart *part, const char *name, const char *one,
    const char *other)
{
  g_autofree char *a = alexnet_quote (one), *b = alexnet_quote (other);

  if (!part->clash)
    part->clash = g_strdup_printf ("both %s and %s could be %s", a, b, name);
}

/* Notes the first two tensors that could be the same one of the table. */
static void
add_tensor (AlexnetPart *part, const char *layer, const char *last,
    const AlexnetTensorEntry *entry)
{
  g_autofree char *name = g_strconcat (layer, ".", last, NULL);
  const AlexnetTensorEntry *other = g_hash_table_lookup (part->tensors, name);
  gboolean skips = other && skips_number (part, entry->name, name);
  gboolean other_skips = other && skips_number (part, other->name, name);

  if (other && skips == other_skips)
    note_clash (part, name, other->name, entry->name);
  else if (!other || other_skips)
    g_hash_table_insert (part->tensors, g_steal_pointer (&name),
        (gpointer) entry);
}

/* One that could stand for the layer's where that has none; NULL once there are
 * two. */
static void
add_below (AlexnetPart *part, const char *layer, const char *last,
    const AlexnetTensorEntry *entry)
{
  char *name = g_strconcat (layer, ".", last, NULL);
  gboolean again = g_hash_table_contains (part->below, name);

  g_hash_table_insert (part->below, name, again ? NULL : (gpointer) entry);
}

/* Tables that differ in nothing but the order of layers have the same names:
 * the first one stands for all. */
static gboolean
is_repeated (const AlexnetNetwork *const *networks, guint index)
{
  const char *first = networks[index]->layers[0].name;

  for (guint i = 0; i < index; i++)
    if (g_str_equal (networks[i]->layers[0].name, first))
      return TRUE;
  return FALSE;
}

typedef void (*AddTensor) (AlexnetPart *part, const char *layer,
    const char *last, const AlexnetTensorEntry *entry);

/* `words` are those of the tensor's name. */
static void
sort_into (Parts *parts, const AlexnetNetwork *network, char *const *words,
    const AlexnetTensorEntry *entry, AddTensor add)
{
  guint n = g_strv_length ((char **) words);

  for (guint i = 0; i < network->n_layers; i++) {
    const char *layer = network->layers[i].name;
    int before = layer ? match (words, n, layer) : -1;
    g_autofree char *name = before >= 0 ? join (words, (guint) before) : NULL;

    if (name)
      add (get_part (parts, network, name), layer, words[n - 1], entry);
  }
}

/* Into the parts of all tables that have the name. */
static void
sort_into_all (Parts *parts, char *const *words,
    const AlexnetTensorEntry *entry, AddTensor add)
{
  const AlexnetNetwork *const *networks = alexnet_networks ();

  for (guint i = 0; networks[i]; i++)
    if (!is_repeated (networks, i))
      sort_into (parts, networks[i], words, entry, add);
}

/* Puts the tensor into parts by its name, and by the name less the number that
 * it has in a module which is in the layer's place, as classifier.6.1 is. */
static void
sort_in (Parts *parts, const AlexnetTensorEntry *entry)
{
  g_auto (GStrv) words = g_strsplit (entry->name, ".", -1);
  guint n = g_strv_length (words);

  if (n == 0 || !alexnet_name_is_weight (words[n - 1]))
    return;
  sort_into_all (parts, words, entry, add_tensor);
  if (n < 2 || !alexnet_name_is_number (words[n - 2]))
    return;
  g_free (words[n - 2]);
  words[n - 2] = g_steal_pointer (&words[n - 1]);
  sort_into_all (parts, words, entry, add_below);
}

/* Takes what lies below a layer of which there is nothing else. */
static void
take_below (AlexnetPart *part)
{
  GHashTableIter iter;
  gpointer name, entry;

  g_hash_table_iter_init (&iter, part->below);
  while (g_hash_table_iter_next (&iter, &name, &entry))
    if (entry && !g_hash_table_contains (part->tensors, name))
      g_hash_table_insert (part->tensors, g_strdup (name), entry);
}

static gboolean
has_layer (const AlexnetPart *part, const char *layer)
{
  g_autofree char *name = g_strconcat (layer, ".weight", NULL);

  return g_hash_table_contains (part->tensors, name);
}

static gboolean
has_first_layer (const AlexnetPart *part)
{
  return has_layer (part, part->network->layers[0].name);
}

gboolean
alexnet_part_has_last_layer (const AlexnetPart *part)
{
  return has_layer (part, alexnet_network_last_linear (part->network)->name);
}

GPtrArray *
alexnet_part_list (const AlexnetTensorSet *set)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  g_autoptr (GHashTable) known = g_hash_table_new (hash_part, is_same_part);
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify)
          alexnet_part_free);
  Parts parts = { list, known };

  for (guint i = 0; i < set->entries->len; i++)
    sort_in (&parts, set->entries->pdata[i]);
  for (guint i = 0; i < list->len; i++)
    take_below (list->pdata[i]);
  for (guint i = 0; i < list->len; i++)
    if (has_first_layer (list->pdata[i]))
      g_ptr_array_add (found, list->pdata[i]);
    else
      alexnet_part_free (list->pdata[i]);
  return found;
}

void
alexnet_part_find_unused (AlexnetPart *part, GHashTable *names,
    const AlexnetTensorSet *set)
{
  g_autoptr (GHashTable) used = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer entry;

  g_hash_table_iter_init (&iter, part->tensors);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    g_hash_table_add (used, entry);
  alexnet_leftovers_find (&part->left, set, part->name, used, names);
}

/* Takes `name` of the set, if it is there, as the layer's. */
static void
take (AlexnetPart *part, const AlexnetTensorSet *set, const char *layer,
    const char *last)
{
  char *name = g_strconcat (layer, ".", last, NULL);
  const AlexnetTensorEntry *entry = alexnet_tensor_set_find (set, name);

  if (entry)
    g_hash_table_insert (part->tensors, name, (gpointer) entry);
  else
    g_free (name);
}

AlexnetPart *
alexnet_part_new (const AlexnetTensorSet *set, const AlexnetNetwork *network)
{
  AlexnetPart *part = part_new (network, "");
  g_autoptr (GHashTable) none = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < network->n_layers; i++) {
    if (!network->layers[i].name)
      continue;
    take (part, set, network->layers[i].name, "weight");
    take (part, set, network->layers[i].name, "bias");
  }
  alexnet_part_find_unused (part, none, set);
  return part;
}
