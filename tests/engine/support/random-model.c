/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "random-model.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "data-path.h"

#define BIAS_RANGE 0.01

static guint64
hash_name (const char *name)
{
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  for (const guint8 *p = (const guint8 *) name; *p; p++)
    hash = (hash ^ *p) * G_GUINT64_CONSTANT (0x100000001b3);
  return hash;
}

static guint64
splitmix64 (guint64 z)
{
  z += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ z >> 31;
}

void
random_model_values (float *out, gsize n, const char *name, double a)
{
  guint64 seed = hash_name (name);

  for (gsize i = 0; i < n; i++) {
    double unit = (double) (splitmix64 (seed + i) >> 40) * 0x1p-23 - 1;

    out[i] = (float) (unit * a);
  }
}

static gboolean
has_weights (const AlexnetLayer *layer)
{
  return layer->kind == ALEXNET_LAYER_CONV ||
      layer->kind == ALEXNET_LAYER_LINEAR;
}

void
random_model_narrow (AlexnetNetwork *network)
{
  static const guint widths[] = { 4, 12, 24, 16, 16, 16, 16, 10 };
  guint n = 0;

  for (guint i = 0; i < network->n_layers; i++) {
    if (!has_weights (&network->layers[i]))
      continue;
    g_assert_cmpuint (n, <, G_N_ELEMENTS (widths));
    network->layers[i].channels = widths[n++];
  }
  g_assert_true (alexnet_network_infer_shapes (network, NULL));
}

static void
fill_tensor (AlexnetTensor *tensor, const AlexnetLayer *layer,
    const char *suffix, double a)
{
  g_autofree char *name = g_strconcat (layer->name, suffix, NULL);
  gsize n = alexnet_tensor_n_values (tensor);
  float *values = g_new (float, n);

  random_model_values (values, n, name, a);
  /* Tensors are little-endian. */
  alexnet_dtype_to_float (ALEXNET_DTYPE_F32, values, values, n);
  tensor->data = values;
}

static void
fill_layer (AlexnetLayer *layer)
{
  gboolean conv = layer->kind == ALEXNET_LAYER_CONV;
  gsize inputs = conv ? layer->in.channels / layer->groups
                      : alexnet_shape_size (&layer->in);
  gsize fan_in = inputs * (conv ? layer->kernel * layer->kernel : 1);

  layer->weight = (AlexnetTensor){
    .n_dims = conv ? 4 : 2,
    .dims = { layer->channels, inputs, layer->kernel, layer->kernel },
  };
  layer->bias = (AlexnetTensor){ .n_dims = 1, .dims = { layer->channels } };
  fill_tensor (&layer->weight, layer, ".weight", sqrt (6.0 / (double) fan_in));
  fill_tensor (&layer->bias, layer, ".bias", BIAS_RANGE);
}

void
random_model_fill (AlexnetNetwork *network)
{
  for (guint i = 0; i < network->n_layers; i++)
    if (has_weights (&network->layers[i]))
      fill_layer (&network->layers[i]);
}

void
random_model_clear (AlexnetNetwork *network)
{
  for (guint i = 0; i < network->n_layers; i++) {
    g_free ((gpointer) network->layers[i].weight.data);
    g_free ((gpointer) network->layers[i].bias.data);
    network->layers[i].weight.data = network->layers[i].bias.data = NULL;
  }
}

float *
random_model_input (const AlexnetNetwork *network)
{
  gsize n = alexnet_shape_size (&network->input);
  float *input = g_new (float, n);

  random_model_values (input, n, "input",
      g_str_has_prefix (network->architecture, "caffe") ? 128 : 1);
  return input;
}

float *
random_model_golden (const char *name, const char *what, guint *n)
{
  g_autofree char *file = g_strconcat (name, ".json", NULL);
  g_autofree char *path = data_path ("golden", file);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonArray *golden;
  float *values;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  golden = json_object_get_array_member (
      json_node_get_object (json_parser_get_root (parser)), what);
  *n = json_array_get_length (golden);
  values = g_new (float, *n);
  for (guint i = 0; i < *n; i++)
    values[i] = (float) json_array_get_double_element (golden, i);
  return values;
}

/* Appends a tensor's member of the header; its bytes begin at `offset`. */
static gsize
describe_tensor (GString *header, const AlexnetLayer *layer, const char *suffix,
    const AlexnetTensor *tensor, gsize offset)
{
  gsize end = offset + alexnet_tensor_n_values (tensor) * sizeof (float);

  g_string_append_printf (header, "%s\"%s%s\":{\"dtype\":\"F32\",\"shape\":[",
      header->len > 1 ? "," : "", layer->name, suffix);
  for (guint i = 0; i < tensor->n_dims; i++)
    g_string_append_printf (header, "%s%" G_GSIZE_FORMAT, i > 0 ? "," : "",
        tensor->dims[i]);
  g_string_append_printf (header,
      "],\"data_offsets\":[%" G_GSIZE_FORMAT ",%" G_GSIZE_FORMAT "]}", offset,
      end);
  return end;
}

static GString *
describe_network (const AlexnetNetwork *network)
{
  GString *header = g_string_new ("{");
  gsize offset = 0;

  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (!has_weights (layer))
      continue;
    offset = describe_tensor (header, layer, ".weight", &layer->weight, offset);
    offset = describe_tensor (header, layer, ".bias", &layer->bias, offset);
  }
  g_string_append_c (header, '}');
  while (header->len % 8 != 0)
    g_string_append_c (header, ' ');
  return header;
}

static gboolean
write_tensor (FILE *file, const AlexnetTensor *tensor)
{
  gsize n = alexnet_tensor_n_values (tensor);

  return fwrite (tensor->data, sizeof (float), n, file) == n;
}

static gboolean
write_network (FILE *file, const AlexnetNetwork *network)
{
  g_autoptr (GString) header = describe_network (network);
  guint64 length = GUINT64_TO_LE ((guint64) header->len);
  gboolean ok = fwrite (&length, sizeof length, 1, file) == 1 &&
      fwrite (header->str, header->len, 1, file) == 1;

  for (guint i = 0; ok && i < network->n_layers; i++)
    if (has_weights (&network->layers[i]))
      ok = write_tensor (file, &network->layers[i].weight) &&
          write_tensor (file, &network->layers[i].bias);
  return ok;
}

gboolean
random_model_write (const AlexnetNetwork *network, const char *path,
    GError **error)
{
  FILE *file = g_fopen (path, "wbe");
  gboolean ok = file != NULL && write_network (file, network);

  if (file && fclose (file) != 0)
    ok = FALSE;
  if (!ok)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "cannot write %s: %s", path, g_strerror (errno));
  return ok;
}
