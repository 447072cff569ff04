/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "binding.h"

#include <string.h>

static const float zero;

typedef struct {
  const AlexnetPart *part;
  AlexnetTensor zeros;  /* a bias that is not there */
  GPtrArray *no_biases; /* char *, names of such */
  GError *error;        /* of a tensor that is there but unusable */
} Lookup;

/* The bias of a layer that has a weight alone; NULL: there is no weight, or
 * this is one. */
static const AlexnetTensor *
make_bias (Lookup *lookup, const char *name)
{
  g_autofree char *weight = NULL;
  const AlexnetTensorEntry *entry;

  if (!g_str_has_suffix (name, ".bias"))
    return NULL;
  weight = g_strdup_printf ("%.*s.weight",
      (int) (strlen (name) - strlen (".bias")), name);
  entry = g_hash_table_lookup (lookup->part->tensors, weight);
  if (!entry || entry->unusable)
    return NULL;
  g_ptr_array_add (lookup->no_biases, g_strdup (name));
  lookup->zeros = (AlexnetTensor){ .n_dims = 1,
    .dims = { entry->tensor.dims[0] },
    .strided = TRUE,
    .data = &zero };
  return &lookup->zeros;
}

static const AlexnetTensor *
look_up (gpointer user, const char *name)
{
  Lookup *lookup = user;
  const AlexnetTensorEntry *entry = g_hash_table_lookup (lookup->part->tensors,
      name);

  if (!entry)
    return make_bias (lookup, name);
  if (!entry->unusable)
    return &entry->tensor;
  g_clear_error (&lookup->error);
  alexnet_format_error (&lookup->error, "tensor %s %s", name, entry->unusable);
  return NULL;
}

void
alexnet_part_take_channels (const AlexnetPart *part, AlexnetNetwork *network)
{
  g_autofree char *name = g_strconcat (network->layers[0].name, ".weight",
      NULL);
  const AlexnetTensorEntry *entry = g_hash_table_lookup (part->tensors, name);

  if (!entry->unusable && entry->tensor.n_dims == 4 &&
      entry->tensor.dims[1] == 1)
    network->input.channels = 1;
}

static gboolean
check_unused (const AlexnetPart *part, GError **error)
{
  g_autofree char *found = NULL;

  if (part->left.unused->len == 0)
    return TRUE;
  found = alexnet_names_to_string (part->left.unused);
  return alexnet_format_error (error, "no layer of the %s network uses %s",
      part->network->architecture, found);
}

/* What the file has instead of a tensor that is missing. */
static void
add_unused (const AlexnetPart *part, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *found = NULL;

  if (part->left.unused->len == 0 || !error)
    return;
  found = alexnet_names_to_string (part->left.unused);
  cause = g_steal_pointer (error);
  alexnet_format_error (error, "%s; no layer uses %s", cause->message, found);
}

static void
note_part (const Lookup *lookup, GPtrArray *notes)
{
  g_autofree char *names = alexnet_names_to_string (lookup->no_biases);

  if (lookup->no_biases->len > 0)
    g_ptr_array_add (notes,
        g_strdup_printf ("no biases, which count as zeros: %s", names));
  alexnet_leftovers_note (&lookup->part->left, notes);
}

gboolean
alexnet_part_bind (const AlexnetPart *part, AlexnetNetwork *network,
    GPtrArray *notes, GError **error)
{
  g_autoptr (GPtrArray) no_biases = g_ptr_array_new_with_free_func (g_free);
  Lookup lookup = { .part = part, .no_biases = no_biases };

  if (alexnet_network_bind (network, look_up, &lookup, error)) {
    note_part (&lookup, notes);
    return check_unused (part, error);
  }
  if (lookup.error) {
    g_clear_error (error);
    g_propagate_error (error, lookup.error);
  }
  add_unused (part, error);
  return FALSE;
}
