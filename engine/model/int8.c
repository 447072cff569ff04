/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "int8.h"

#include <math.h>
#include <string.h>

#include "formats/formats.h"
#include "formats/json.h"

#define SUBJECT "__metadata__ int8"

/* The finite numbers of member `key` of `object`, `n` of them; NULL when they
 * are not that. */
static float *
read_numbers (JsonObject *object, const char *key, guint n)
{
  JsonArray *array = alexnet_json_get_array (json_object_get_member (object,
      key));
  g_autofree float *values = g_new (float, n);

  if (!array || json_array_get_length (array) != n)
    return NULL;
  for (guint i = 0; i < n; i++) {
    values[i] = (float) alexnet_json_get_number (json_array_get_element (array,
        i));
    if (!isfinite (values[i]))
      return NULL;
  }
  return g_steal_pointer (&values);
}

static gboolean
read_range (AlexnetLayer *layer, JsonObject *object, GError **error)
{
  g_autofree float *range = read_numbers (object, "range", 2);

  if (!range || range[0] > range[1])
    return alexnet_format_error (error,
        SUBJECT " %s: range is not two ascending numbers", layer->name);
  layer->int8.least = range[0];
  layer->int8.most = range[1];
  return TRUE;
}

static gboolean
read_scales (AlexnetLayer *layer, GPtrArray *owner, JsonObject *object,
    GError **error)
{
  float *scales = read_numbers (object, "scales", layer->channels);
  gboolean ok = scales != NULL;

  if (scales)
    g_ptr_array_add (owner, scales);
  for (guint c = 0; ok && c < layer->channels; c++)
    ok = scales[c] >= 0;
  layer->int8.scales = scales;
  return ok ||
      alexnet_format_error (error,
          SUBJECT " %s: scales are not %u numbers of at least 0", layer->name,
          layer->channels);
}

static gboolean
read_layer (AlexnetLayer *layer, GPtrArray *owner, JsonObject *all,
    GError **error)
{
  JsonObject *object = alexnet_json_get_object (json_object_get_member (all,
      layer->name));

  if (!object)
    return alexnet_format_error (error, SUBJECT " has no object '%s'",
        layer->name);
  return read_range (layer, object, error) &&
      read_scales (layer, owner, object, error);
}

gboolean
alexnet_int8_read (GHashTable *metadata, AlexnetNetwork *network,
    GPtrArray *scales, GError **error)
{
  const char *text = g_hash_table_lookup (metadata, "int8");
  g_autoptr (JsonNode) root = NULL;

  if (!text)
    return TRUE;
  root = alexnet_json_parse (text, strlen (text), SUBJECT, error);
  if (!root)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return alexnet_format_error (error, SUBJECT ": expected a JSON object");
  for (guint i = 0; i < network->n_layers; i++) {
    AlexnetLayer *layer = &network->layers[i];

    if (alexnet_layer_takes_int8 (layer) &&
        !read_layer (layer, scales, json_node_get_object (root), error))
      return FALSE;
  }
  return TRUE;
}
