/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "table.h"

#include <math.h>
#include <string.h>

#include "formats/formats.h"
#include "formats/json.h"
#include "preprocess/preprocess.h"

#define SUBJECT "__metadata__ layers"
#define MOST G_MAXUINT16 /* of any size in a table but channels */

static const char *const types[] = {
  [ALEXNET_LAYER_CONV] = "conv",
  [ALEXNET_LAYER_RELU] = "relu",
  [ALEXNET_LAYER_LRN] = "lrn",
  [ALEXNET_LAYER_MAXPOOL] = "maxpool",
  [ALEXNET_LAYER_AVGPOOL] = "avgpool",
  [ALEXNET_LAYER_DROPOUT] = "dropout",
  [ALEXNET_LAYER_LINEAR] = "linear",
  [ALEXNET_LAYER_SOFTMAX] = "softmax",
};

#define CONV (1u << ALEXNET_LAYER_CONV)
#define LRN (1u << ALEXNET_LAYER_LRN)
#define MAXPOOL (1u << ALEXNET_LAYER_MAXPOOL)
#define AVGPOOL (1u << ALEXNET_LAYER_AVGPOOL)
#define LINEAR (1u << ALEXNET_LAYER_LINEAR)

static const struct {
  const char *key;
  gsize offset;
  guint kinds;
  guint most; /* 0: a float */
} fields[] = {
  { "channels", G_STRUCT_OFFSET (AlexnetLayer, channels), CONV | LINEAR,
      1 << 20 },
  { "kernel", G_STRUCT_OFFSET (AlexnetLayer, kernel), CONV | MAXPOOL, MOST },
  { "stride", G_STRUCT_OFFSET (AlexnetLayer, stride), CONV | MAXPOOL, MOST },
  { "padding", G_STRUCT_OFFSET (AlexnetLayer, padding), CONV | MAXPOOL, MOST },
  { "end_padding", G_STRUCT_OFFSET (AlexnetLayer, end_padding), CONV | MAXPOOL,
      MOST },
  { "groups", G_STRUCT_OFFSET (AlexnetLayer, groups), CONV, MOST },
  { "size", G_STRUCT_OFFSET (AlexnetLayer, size), LRN | AVGPOOL, MOST },
  { "alpha", G_STRUCT_OFFSET (AlexnetLayer, alpha), LRN, 0 },
  { "beta", G_STRUCT_OFFSET (AlexnetLayer, beta), LRN, 0 },
  { "k", G_STRUCT_OFFSET (AlexnetLayer, k), LRN, 0 },
};

static gboolean
has_field (const AlexnetLayer *layer, guint field)
{
  return (fields[field].kinds & 1u << layer->kind) != 0;
}

static gboolean
is_named (const AlexnetLayer *layer)
{
  return ((CONV | LINEAR) & 1u << layer->kind) != 0;
}

static gboolean
same_layer (const AlexnetLayer *a, const AlexnetLayer *b)
{
  gboolean same = a->kind == b->kind &&
      (!is_named (a) || g_str_equal (a->name, b->name));

  for (guint i = 1; same && i < G_N_ELEMENTS (fields); i++)
    same = !has_field (a, i) ||
        memcmp (G_STRUCT_MEMBER_P (a, fields[i].offset),
            G_STRUCT_MEMBER_P (b, fields[i].offset), sizeof (guint)) == 0;
  return same;
}

static gboolean
same_table (const AlexnetNetwork *a, const AlexnetNetwork *b)
{
  gboolean same = a->n_layers == b->n_layers &&
      a->input.width == b->input.width && a->input.height == b->input.height;

  for (guint i = 0; same && i < a->n_layers; i++)
    same = same_layer (&a->layers[i], &b->layers[i]);
  return same;
}

const AlexnetNetwork *
alexnet_table_find (const AlexnetNetwork *network)
{
  const AlexnetNetwork *const *networks = alexnet_networks ();

  for (guint i = 0; networks[i]; i++)
    if (same_table (network, networks[i]))
      return networks[i];
  return NULL;
}

static JsonObject *
describe_layer (const AlexnetLayer *layer)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "type", types[layer->kind]);
  if (is_named (layer))
    json_object_set_string_member (object, "name", layer->name);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (!has_field (layer, i))
      continue;
    if (fields[i].most == 0)
      json_object_set_double_member (object, fields[i].key,
          (double) G_STRUCT_MEMBER (float, layer, fields[i].offset));
    else
      json_object_set_int_member (object, fields[i].key,
          G_STRUCT_MEMBER (guint, layer, fields[i].offset));
  }
  return object;
}

char *
alexnet_table_to_json (const AlexnetNetwork *network)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *input = json_array_new (), *layers = json_array_new ();

  json_array_add_int_element (input, network->input.channels);
  json_array_add_int_element (input, network->input.height);
  json_array_add_int_element (input, network->input.width);
  for (guint i = 0; i < network->n_layers; i++)
    json_array_add_object_element (layers,
        describe_layer (&network->layers[i]));
  json_object_set_array_member (object, "input", input);
  json_object_set_array_member (object, "layers", layers);
  json_node_take_object (root, object);
  return json_to_string (root, FALSE);
}

/* A whole number of 0 .. most, or a float when `most` is 0; NAN when it is
 * none. */
static double
get_number (JsonNode *node, guint most)
{
  double value = alexnet_json_get_number (node);

  if (most == 0)
    return isfinite ((float) value) ? value : NAN;
  return value >= 0 && value <= most && value == floor (value) ? value : NAN;
}

static const char *
get_string (JsonObject *object, const char *key)
{
  const char *string = alexnet_json_get_string (json_object_get_member (object,
      key));

  return string ? string : "";
}

static gboolean
read_fields (AlexnetLayer *layer, guint index, JsonObject *object,
    GError **error)
{
  guint n = is_named (layer) ? 2 : 1;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    double value;

    if (!has_field (layer, i))
      continue;
    n++;
    value = get_number (json_object_get_member (object, fields[i].key),
        fields[i].most);
    if (isnan (value))
      return alexnet_format_error (error,
          SUBJECT ": layer %u (%s) has no '%s' that it could have", index,
          types[layer->kind], fields[i].key);
    if (fields[i].most == 0)
      G_STRUCT_MEMBER (float, layer, fields[i].offset) = (float) value;
    else
      G_STRUCT_MEMBER (guint, layer, fields[i].offset) = (guint) value;
  }
  return json_object_get_size (object) == n ||
      alexnet_format_error (error,
          SUBJECT ": layer %u (%s) has %u fields, expected %u", index,
          types[layer->kind], json_object_get_size (object), n);
}

/* Of the layer at `index`, which those before it do not have. */
static gboolean
check_name (const AlexnetNetwork *network, guint index, GError **error)
{
  const AlexnetLayer *layers = network->layers;
  const char *name = layers[index].name, *type = types[layers[index].kind];
  g_autofree char *quoted = alexnet_quote (name);

  if (!alexnet_layer_is_name (name))
    return alexnet_format_error (error,
        SUBJECT ": layer %u (%s) has the name %s, expected 1 to 128 bytes of "
                "visible characters",
        index, type, quoted);
  for (guint i = 0; i < index; i++)
    if (is_named (&layers[i]) && g_str_equal (layers[i].name, name))
      return alexnet_format_error (error,
          SUBJECT ": layer %u (%s) has the name %s, as layer %u has", index,
          type, quoted, i);
  return TRUE;
}

static gboolean
read_layer (AlexnetNetwork *network, guint index, JsonNode *node,
    GPtrArray *arena, GError **error)
{
  AlexnetLayer *layer = &network->layers[index];
  JsonObject *object = alexnet_json_get_object (node);
  const char *type = object ? get_string (object, "type") : "";
  guint kind = 0;

  while (kind < G_N_ELEMENTS (types) && !g_str_equal (type, types[kind]))
    kind++;
  if (kind == G_N_ELEMENTS (types)) {
    g_autofree char *quoted = alexnet_quote (type);

    return alexnet_format_error (error, SUBJECT ": layer %u has type %s", index,
        quoted);
  }
  layer->kind = kind;
  if (is_named (layer)) {
    layer->name = g_strdup (get_string (object, "name"));
    g_ptr_array_add (arena, (gpointer) layer->name);
    if (!check_name (network, index, error))
      return FALSE;
  }
  return read_fields (layer, index, object, error);
}

static gboolean
read_input (AlexnetShape *shape, JsonNode *node, GError **error)
{
  guint *const sides[] = { &shape->channels, &shape->height, &shape->width };
  JsonArray *array = alexnet_json_get_array (node);

  for (guint i = 0; i < 3; i++) {
    double side = array && json_array_get_length (array) == 3
        ? get_number (json_array_get_element (array, i), ALEXNET_MAX_SIDE)
        : NAN;

    if (isnan (side))
      return alexnet_format_error (error,
          SUBJECT ": input is not [channels, height, width]");
    *sides[i] = (guint) side;
  }
  return TRUE;
}

static gboolean
read_network (AlexnetNetwork *network, JsonObject *object, GPtrArray *arena,
    GError **error)
{
  JsonArray *layers = alexnet_json_get_array (json_object_get_member (object,
      "layers"));
  guint n = layers ? json_array_get_length (layers) : 0;

  if (n == 0 || n > ALEXNET_MAX_LAYERS)
    return alexnet_format_error (error, SUBJECT ": %u layers, expected 1 to %d",
        n, ALEXNET_MAX_LAYERS);
  network->n_layers = n;
  for (guint i = 0; i < n; i++)
    if (!read_layer (network, i, json_array_get_element (layers, i), arena,
            error))
      return FALSE;
  return read_input (&network->input, json_object_get_member (object, "input"),
      error);
}

gboolean
alexnet_table_from_json (AlexnetNetwork *network, const char *json,
    GPtrArray *arena, GError **error)
{
  g_autoptr (JsonNode)
      root = alexnet_json_parse (json, strlen (json), SUBJECT, error);

  memset (network, 0, sizeof *network);
  network->architecture = ALEXNET_CUSTOM_ARCHITECTURE;
  if (!root)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return alexnet_format_error (error, SUBJECT ": expected a JSON object");
  return read_network (network, json_node_get_object (root), arena, error);
}
