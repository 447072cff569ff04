/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "network.h"

#define RULE \
  "----------------------------------------------------------------\n"
#define DOUBLE_RULE \
  "================================================================\n"

/* 61100840 -> "61,100,840" */
static char *
group_digits (guint64 value)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, value);
  GString *s = g_string_new (digits);

  for (gssize i = (gssize) s->len - 3; i > 0; i -= 3)
    g_string_insert_c (s, i, ',');
  return g_string_free (s, FALSE);
}

static char *
shape_to_string (const AlexnetLayer *layer, const AlexnetNetwork *network)
{
  const AlexnetShape *out = &layer->out;

  for (const AlexnetLayer *l = network->layers; l <= layer; l++)
    if (l->kind == ALEXNET_LAYER_LINEAR)
      return g_strdup_printf ("[-1, %u]", out->channels);
  return g_strdup_printf ("[-1, %u, %u, %u]", out->channels, out->height,
      out->width);
}

static void
append_layer (GString *s, const AlexnetNetwork *network, guint i)
{
  const AlexnetLayer *layer = &network->layers[i];
  g_autofree char *name = g_strdup_printf ("%s-%u",
      alexnet_layer_kind_name (layer->kind), i + 1);
  g_autofree char *shape = shape_to_string (layer, network);
  g_autofree char
      *parameters = group_digits (alexnet_layer_n_parameters (layer));

  g_string_append_printf (s, "%20s  %25s %15s\n", name, shape, parameters);
}

static double
megabytes (guint64 n_floats)
{
  return (double) n_floats * sizeof (float) / (1024 * 1024);
}

char *
alexnet_network_summary (const AlexnetNetwork *network)
{
  GString *s = g_string_new (RULE);
  g_autofree char *grouped = NULL;
  guint64 total = 0;

  g_string_append_printf (s, "%20s  %25s %15s\n" DOUBLE_RULE, "Layer (type)",
      "Output Shape", "Param #");
  for (guint i = 0; i < network->n_layers; i++) {
    if (network->layers[i].kind == ALEXNET_LAYER_SOFTMAX)
      continue;
    append_layer (s, network, i);
    total += alexnet_layer_n_parameters (&network->layers[i]);
  }
  grouped = group_digits (total);
  g_string_append_printf (s, DOUBLE_RULE "Total params: %s\n" RULE, grouped);
  g_string_append_printf (s, "Input size (MB): %.2f\n",
      megabytes (alexnet_shape_size (&network->input)));
  g_string_append_printf (s, "Params size (MB): %.2f\n" RULE,
      megabytes (total));
  return g_string_free (s, FALSE);
}

static char *
list_architectures (void)
{
  const AlexnetNetwork *const *networks = alexnet_networks ();
  GString *s = g_string_new (networks[0]->architecture);

  for (guint i = 1; networks[i]; i++)
    g_string_append_printf (s, ", %s", networks[i]->architecture);
  return g_string_free (s, FALSE);
}

char *
alexnet_architecture_summary (const char *architecture, GError **error)
{
  const AlexnetNetwork *network;
  g_autofree char *known = NULL;

  g_return_val_if_fail (architecture != NULL, NULL);

  network = alexnet_network_find (architecture);
  if (network)
    return alexnet_network_summary (network);
  known = list_architectures ();
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "no architecture '%s'; there are %s", architecture, known);
  return NULL;
}
