/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "leftovers.h"

#include <string.h>

#define MAX_NAMED 3

/* Words that may stand anywhere in a name, with "*" for any letters. */
typedef const char *const Words[16];

/* What training leaves behind and inference does not need. */
static Words harmless = { "*optim*", "*criterion*", "*loss*", "*metric*",
  "num_batches_tracked", NULL };

/* What is prepared to be quantised has these, and below them numbers that are
 * used by the quantised network alone. */
static Words observers = { "*fake_quant*", "activation_post_process*",
  "*observer*", NULL };
static Words observed = { "scale", "zero_point", "min_val", "max_val", "eps",
  "histogram", "fake_quant_enabled", "observer_enabled", NULL };

/* Of a batch normalisation, which computes even where it has no weight. */
static Words running = { "running_mean", "running_var", NULL };

static Words means = { "mean", "std", "new_mean", "new_std", "pixel_mean",
  "pixel_std", NULL };

#define COMPUTED(what, how)                                         \
  what ", whose weight is computed from several tensors; call " how \
       "() on the layer, then save it"

/* Words of layers whose weight is computed from other tensors. Spectral
 * normalisation has a "weight_orig", too, and both normalisations have a
 * "weight_v": what tells one for sure comes first. */
static const struct {
  const char *word, *what;
} computed[] = {
  { "_packed_params",
      "quantised; expected the network in floats that it was made of" },
  { "*_mask", COMPUTED ("pruned", "torch.nn.utils.prune.remove") },
  { "weight_u",
      COMPUTED ("under spectral normalisation",
          "torch.nn.utils.remove_spectral_norm") },
  { "weight_g",
      COMPUTED ("under weight normalisation",
          "torch.nn.utils.remove_weight_norm") },
  { "parametrizations",
      COMPUTED ("parametrised",
          "torch.nn.utils.parametrize.remove_"
          "parametrizations") },
  { "weight_orig", COMPUTED ("pruned", "torch.nn.utils.prune.remove") },
};

void
alexnet_leftovers_init (AlexnetLeftovers *left)
{
  left->unused = g_ptr_array_new ();
  left->beside = g_ptr_array_new ();
  left->means = g_ptr_array_new ();
  left->ignored = g_ptr_array_new ();
}

void
alexnet_leftovers_clear (AlexnetLeftovers *left)
{
  g_ptr_array_unref (left->unused);
  g_ptr_array_unref (left->beside);
  g_ptr_array_unref (left->means);
  g_ptr_array_unref (left->ignored);
}

const char *
alexnet_name_last_word (const char *name)
{
  const char *dot = strrchr (name, '.');

  return dot ? dot + 1 : name;
}

gboolean
alexnet_name_is_number (const char *word)
{
  return word[0] != '\0' && word[strspn (word, "0123456789")] == '\0';
}

gboolean
alexnet_name_is_weight (const char *last_word)
{
  return g_str_equal (last_word, "weight") || g_str_equal (last_word, "bias");
}

gboolean
alexnet_name_lies_in (const char *name, const char *part)
{
  gsize length = strlen (part);

  return length == 0 ||
      (g_str_has_prefix (name, part) &&
          (name[length] == '.' || name[length] == '\0'));
}

char *
alexnet_names_to_string (const GPtrArray *names)
{
  GString *s = g_string_new (NULL);

  for (guint i = 0; i < names->len && i < MAX_NAMED; i++) {
    g_autofree char *quoted = alexnet_quote (names->pdata[i]);

    g_string_append_printf (s, "%s%s", i > 0 ? ", " : "", quoted);
  }
  if (names->len > MAX_NAMED)
    g_string_append_printf (s, " and %u more", names->len - MAX_NAMED);
  return g_string_free (s, FALSE);
}

static gboolean
is_one_of (const char *word, Words words)
{
  for (guint i = 0; words[i]; i++)
    if (g_pattern_match_simple (words[i], word))
      return TRUE;
  return FALSE;
}

/* Whether a word of the name is one of `wanted`. */
static gboolean
has_word (const char *name, Words wanted)
{
  g_auto (GStrv) words = g_strsplit (name, ".", -1);

  for (guint i = 0; words[i]; i++)
    if (is_one_of (words[i], wanted))
      return TRUE;
  return FALSE;
}

/* Whether the tensor lies below one of `names`, which are longer than `part`.
 */
static gboolean
is_below (GHashTable *names, const char *part, const char *tensor)
{
  g_autofree char *head = g_strdup (tensor);
  char *end = head + strlen (head), *least = head + strlen (part);

  for (; end && end > least; end = strrchr (head, '.')) {
    *end = '\0';
    if (g_hash_table_contains (names, head))
      return TRUE;
  }
  return FALSE;
}

/* The names of layers, as the file has them: those of `used` less the last
 * word. */
static GHashTable *
collect_layers (GHashTable *used)
{
  GHashTable *layers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      NULL);
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, used);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    const char *name = ((const AlexnetTensorEntry *) key)->name;
    const char *dot = strrchr (name, '.');

    if (dot)
      g_hash_table_add (layers, g_strndup (name, (gsize) (dot - name)));
  }
  return layers;
}

/* By what the name says below what is looked at. */
static gboolean
is_harmless (const char *name)
{
  return has_word (name, harmless) ||
      (has_word (name, observers) &&
          is_one_of (alexnet_name_last_word (name), observed));
}

/* Of one in the part. */
static void
sort_inside (AlexnetLeftovers *left, const AlexnetTensorEntry *entry,
    const char *part, GHashTable *layers)
{
  const char *last = alexnet_name_last_word (entry->name);

  if (alexnet_name_is_weight (last) || is_one_of (last, running) ||
      (!entry->unusable && is_below (layers, part, entry->name)))
    g_ptr_array_add (left->unused, entry->name);
  else if (is_one_of (last, means))
    g_ptr_array_add (left->means, entry->name);
  else if (!entry->unusable)
    g_ptr_array_add (left->ignored, entry->name);
}

/* Of one that is not in the part, but below what holds it. */
static void
sort_beside (AlexnetLeftovers *left, const AlexnetTensorEntry *entry)
{
  const char *last = alexnet_name_last_word (entry->name);
  guint n = entry->tensor.n_dims;

  if (is_one_of (last, means))
    g_ptr_array_add (left->means, entry->name);
  else if (g_str_equal (last, "weight") && !entry->unusable &&
      (n == 2 || n == 4))
    g_ptr_array_add (left->beside, entry->name);
}

/* The name of what holds the part. */
static char *
name_parent (const char *part)
{
  const char *dot = strrchr (part, '.');

  return dot ? g_strndup (part, (gsize) (dot - part)) : g_strdup ("");
}

void
alexnet_leftovers_find (AlexnetLeftovers *left, const AlexnetTensorSet *set,
    const char *part, GHashTable *used, GHashTable *others)
{
  g_autoptr (GHashTable) layers = collect_layers (used);
  g_autofree char *parent = name_parent (part);

  for (guint i = 0; i < set->entries->len; i++) {
    const AlexnetTensorEntry *entry = set->entries->pdata[i];
    gboolean inside = alexnet_name_lies_in (entry->name, part);

    if (g_hash_table_contains (used, entry) ||
        !alexnet_name_lies_in (entry->name, parent) ||
        is_below (others, inside ? part : "", entry->name) ||
        is_harmless (entry->name + strlen (inside ? part : parent)))
      continue;
    if (inside)
      sort_inside (left, entry, part, layers);
    else
      sort_beside (left, entry);
  }
}

static void
add_note (GPtrArray *notes, const GPtrArray *names, const char *what)
{
  g_autofree char *found = alexnet_names_to_string (names);

  if (names->len > 0)
    g_ptr_array_add (notes, g_strdup_printf ("%s: %s", what, found));
}

void
alexnet_leftovers_note (const AlexnetLeftovers *left, GPtrArray *notes)
{
  add_note (notes, left->means,
      "means and deviations in the weights are not used for preprocessing");
  add_note (notes, left->ignored, "not used by any layer");
}

/* The first tensor in the part of which a word is one of a `computed`. */
static const char *
find_word (const AlexnetTensorSet *set, const char *part, GHashTable *others,
    const char *word)
{
  Words words = { word };

  for (guint i = 0; i < set->entries->len; i++) {
    const char *name = ((const AlexnetTensorEntry *) set->entries->pdata[i])
                           ->name;

    if (alexnet_name_lies_in (name, part) && !is_below (others, part, name) &&
        has_word (name + strlen (part), words))
      return name;
  }
  return NULL;
}

gboolean
alexnet_leftovers_check_computed (const AlexnetTensorSet *set, const char *part,
    GHashTable *others, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (computed); i++) {
    const char *name = find_word (set, part, others, computed[i].word);
    g_autofree char *quoted = name ? alexnet_quote (name) : NULL;

    if (name)
      return alexnet_format_error (error, "%s is of a layer that is %s", quoted,
          computed[i].what);
  }
  return TRUE;
}
