/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "metadata.h"

#include <math.h>
#include <string.h>

#include "formats/formats.h"
#include "formats/json.h"
#include "preprocess/preprocess.h"

#define ARCHITECTURE_PREFIX "alexnet-"
#define RESIZE 256
#define TORCHVISION_SIDE 224 /* of the input, from RESIZE */
#define CAFFE_SIDE 227
#define LUMA "L" /* Pillow's name, as RGB is */

#define JSON_FORM "^\\s*(\\{\\s*[\"}]|\\{\\s*$|\\[(?!\\s*')|$)"
#define ARCHITECTURE_FORM "^[a-z0-9-]+$"

static const struct {
  const char *key, *form; /* a regular expression */
  const char *foreign;    /* what another text is */
} keys[] = {
  { "architecture", ARCHITECTURE_FORM, "no name of an architecture" },
  { "layers", JSON_FORM, "not JSON" },
  { "labels", JSON_FORM, "not JSON" },
  { "preprocess", JSON_FORM, "not JSON" },
  { "int8", JSON_FORM, "not JSON" },
};

/* A name that leaves it open which of ours it is. */
static void
drop_any_alexnet (GHashTable *metadata)
{
  const char *claimed = g_hash_table_lookup (metadata, "architecture");

  if (claimed && g_ascii_strcasecmp (claimed, "alexnet") == 0)
    g_hash_table_remove (metadata, "architecture");
}

void
alexnet_metadata_drop_foreign (GHashTable *metadata, GPtrArray *notes)
{
  drop_any_alexnet (metadata);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    const char *text = g_hash_table_lookup (metadata, keys[i].key);
    g_autofree char *quoted = NULL;

    if (!text || g_regex_match_simple (keys[i].form, text, 0, 0))
      continue;
    quoted = alexnet_quote (text);
    g_ptr_array_add (notes,
        g_strdup_printf ("%s in the file is not used: %s is %s", keys[i].key,
            quoted, keys[i].foreign));
    g_hash_table_remove (metadata, keys[i].key);
  }
}

/* What a reader of one key of `preprocess` works on. */
typedef struct {
  const AlexnetNetwork *network;
  AlexnetPreprocess *preprocess;
  const char *key;
  JsonNode *node;
} Setting;

static gboolean
refuse (const Setting *setting, const char *expected, GError **error)
{
  g_autofree char *found = json_to_string (setting->node, FALSE);
  g_autofree char *quoted = alexnet_quote (found);

  return alexnet_format_error (error,
      "__metadata__ preprocess: %s is %s, expected %s", setting->key, quoted,
      expected);
}

static gboolean
read_resize (const Setting *setting, GError **error)
{
  double size = alexnet_json_get_number (setting->node);

  if (!(size >= 1 && size <= ALEXNET_MAX_SIDE && size == floor (size)))
    return refuse (setting,
        "a whole number of 1 to " G_STRINGIFY (ALEXNET_MAX_SIDE), error);
  setting->preprocess->resize_size = (guint) size;
  return TRUE;
}

static gboolean
read_crop (const Setting *setting, GError **error)
{
  guint size = setting->network->input.width;
  g_autofree char *expected = NULL;

  if (alexnet_json_get_number (setting->node) == size)
    return TRUE;
  expected = g_strdup_printf ("the network's input size %u", size);
  return refuse (setting, expected, error);
}

/* A finite number above `least`. */
static gboolean
take_number (JsonNode *node, double least, float *value)
{
  *value = (float) alexnet_json_get_number (node);
  return isfinite (*value) && *value > least;
}

/* One number of each of `n` channels; where there is one channel, without an
 * array too. */
static gboolean
take_channels (JsonNode *node, double least, guint n, float *values)
{
  JsonArray *array = alexnet_json_get_array (node);

  if (!array)
    return n == 1 && take_number (node, least, values);
  if (json_array_get_length (array) != n)
    return FALSE;
  for (guint c = 0; c < n; c++)
    if (!take_number (json_array_get_element (array, c), least, &values[c]))
      return FALSE;
  return TRUE;
}

static void
repeat_first (float values[3])
{
  values[1] = values[2] = values[0];
}

static gboolean
read_channels (const Setting *setting, float values[3], double least,
    const char *bound, GError **error)
{
  guint n = setting->network->input.channels;
  g_autofree char *expected = g_strconcat (n == 1 ? "one number"
                                                  : "three numbers",
      bound, NULL);

  if (!take_channels (setting->node, least, n, values))
    return refuse (setting, expected, error);
  if (n == 1)
    repeat_first (values);
  return TRUE;
}

static gboolean
read_mean (const Setting *setting, GError **error)
{
  return read_channels (setting, setting->preprocess->mean, -G_MAXDOUBLE, "",
      error);
}

static gboolean
read_std (const Setting *setting, GError **error)
{
  return read_channels (setting, setting->preprocess->std, 0, " above 0",
      error);
}

static gboolean
holds_string (JsonNode *node, const char *string)
{
  return g_strcmp0 (alexnet_json_get_string (node), string) == 0;
}

static gboolean
read_interpolation (const Setting *setting, GError **error)
{
  for (guint i = ALEXNET_INTERPOLATION_MODEL + 1; i < ALEXNET_N_INTERPOLATIONS;
       i++)
    if (holds_string (setting->node, alexnet_interpolation_name (i))) {
      setting->preprocess->interpolation = i;
      return TRUE;
    }
  return refuse (setting, "bilinear-antialias or bilinear", error);
}

static gboolean
read_crop_mode (const Setting *setting, GError **error)
{
  for (guint i = ALEXNET_CROP_MODEL + 1; i < ALEXNET_N_CROP_MODES; i++)
    if (holds_string (setting->node, alexnet_crop_mode_name (i))) {
      setting->preprocess->crop_mode = i;
      return TRUE;
    }
  return refuse (setting, "center-crop, squash, stretch or letterbox", error);
}

static gboolean
read_channel_order (const Setting *setting, GError **error)
{
  if (setting->network->input.channels == 1)
    return holds_string (setting->node, LUMA) || refuse (setting, LUMA, error);
  for (guint i = ALEXNET_CHANNELS_MODEL + 1; i < ALEXNET_N_CHANNEL_ORDERS; i++)
    if (holds_string (setting->node, alexnet_channel_order_name (i))) {
      setting->preprocess->channel_order = i;
      return TRUE;
    }
  return refuse (setting, "RGB or BGR", error);
}

static const struct {
  const char *key;
  gboolean (*read) (const Setting *setting, GError **error);
} settings[] = {
  { "resize", read_resize },
  { "crop", read_crop },
  { "crop_mode", read_crop_mode },
  { "mean", read_mean },
  { "std", read_std },
  { "interpolation", read_interpolation },
  { "channels", read_channel_order },
};

static gboolean
read_setting (const Setting *setting, GError **error)
{
  g_autofree char *quoted = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    if (g_str_equal (settings[i].key, setting->key))
      return settings[i].read (setting, error);
  quoted = alexnet_quote (setting->key);
  return alexnet_format_error (error,
      "__metadata__ preprocess: unknown key %s, expected resize, crop, "
      "crop_mode, mean, std, interpolation and channels",
      quoted);
}

static const AlexnetPreprocess torchvision_preprocess = {
  .crop_mode = ALEXNET_CROP_CENTER,
  .resize_size = RESIZE,
  .interpolation = ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS,
  .mean = { 0.485f, 0.456f, 0.406f },
  .std = { 0.229f, 0.224f, 0.225f },
  .channel_order = ALEXNET_CHANNELS_RGB,
};

/* BVLC, DIGITS and Places365 squashed. With what filter BVLC did is not on
 * record; with the two taps of convert_imageset its weights lose a point. */
static const AlexnetPreprocess caffe_preprocess = {
  .crop_mode = ALEXNET_CROP_SQUASH,
  .resize_size = RESIZE,
  .interpolation = ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS,
  .mean = { 122.679f / 255, 116.669f / 255, 104.007f / 255 },
  .std = { 1 / 255.0f, 1 / 255.0f, 1 / 255.0f },
  .channel_order = ALEXNET_CHANNELS_BGR,
};

/* The mean of luma is the luma of the means, its deviation about that of the
 * deviations. */
static void
reduce_to_luma (float values[3])
{
  values[0] = ALEXNET_LUMA_R * values[0] + ALEXNET_LUMA_G * values[1] +
      ALEXNET_LUMA_B * values[2];
  repeat_first (values);
}

gboolean
alexnet_metadata_is_caffes (const AlexnetNetwork *network)
{
  return alexnet_network_normalises (network);
}

static void
set_defaults (AlexnetPreprocess *preprocess, const AlexnetNetwork *network)
{
  *preprocess = alexnet_metadata_is_caffes (network) ? caffe_preprocess
                                                     : torchvision_preprocess;
  if (network->input.channels == 3)
    return;
  reduce_to_luma (preprocess->mean);
  reduce_to_luma (preprocess->std);
  preprocess->channel_order = ALEXNET_CHANNELS_RGB;
}

gboolean
alexnet_metadata_is_trained_size (guint side)
{
  return side == TORCHVISION_SIDE || side == CAFFE_SIDE;
}

guint
alexnet_metadata_guess_resize (guint side, gboolean is_caffes)
{
  guint trained = is_caffes ? CAFFE_SIDE : TORCHVISION_SIDE;

  if (alexnet_metadata_is_trained_size (side))
    return RESIZE;
  return MIN ((side * RESIZE + trained / 2) / trained, ALEXNET_MAX_SIDE);
}

gboolean
alexnet_metadata_read_preprocess (GHashTable *metadata,
    const AlexnetNetwork *network, AlexnetPreprocess *preprocess,
    AlexnetPreprocessSaid *said, GError **error)
{
  const char *text = g_hash_table_lookup (metadata, "preprocess");
  g_autoptr (JsonNode) root = NULL;
  Setting setting = { .network = network, .preprocess = preprocess };
  JsonObjectIter iter;

  set_defaults (preprocess, network);
  *said = (AlexnetPreprocessSaid){ FALSE, FALSE };
  if (!text)
    return TRUE;
  root = alexnet_json_parse (text, strlen (text), "__metadata__ preprocess",
      error);
  if (!root)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return alexnet_format_error (error,
        "__metadata__ preprocess: expected a JSON object");
  said->mean = json_object_has_member (json_node_get_object (root), "mean");
  said->resize = json_object_has_member (json_node_get_object (root), "resize");
  json_object_iter_init_ordered (&iter, json_node_get_object (root));
  while (json_object_iter_next_ordered (&iter, &setting.key, &setting.node))
    if (!read_setting (&setting, error))
      return FALSE;
  return TRUE;
}

static void
set_channels (JsonObject *object, const char *key, const float *values, guint n)
{
  JsonArray *array = json_array_new ();

  for (guint c = 0; c < n; c++)
    json_array_add_double_element (array, (double) values[c]);
  json_object_set_array_member (object, key, array);
}

static const char *
name_channels (const AlexnetPreprocess *preprocess,
    const AlexnetNetwork *network)
{
  if (network->input.channels == 1)
    return LUMA;
  return alexnet_channel_order_name (preprocess->channel_order);
}

char *
alexnet_metadata_describe_preprocess (const AlexnetPreprocess *preprocess,
    const AlexnetNetwork *network)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "crop_mode",
      alexnet_crop_mode_name (preprocess->crop_mode));
  json_object_set_int_member (object, "resize", preprocess->resize_size);
  json_object_set_int_member (object, "crop", network->input.width);
  set_channels (object, "mean", preprocess->mean, network->input.channels);
  set_channels (object, "std", preprocess->std, network->input.channels);
  json_object_set_string_member (object, "interpolation",
      alexnet_interpolation_name (preprocess->interpolation));
  json_object_set_string_member (object, "channels",
      name_channels (preprocess, network));
  json_node_take_object (root, object);
  return json_to_string (root, FALSE);
}

static gboolean
take_labels (JsonArray *array, guint n_classes, char ***labels, GError **error)
{
  guint n = json_array_get_length (array);
  g_auto (GStrv) strings = g_new0 (char *, (gsize) n + 1);

  if (n != n_classes)
    return alexnet_format_error (error,
        "__metadata__ labels: %u labels, expected %u, one for each class", n,
        n_classes);
  for (guint i = 0; i < n; i++) {
    const char *label = alexnet_json_get_string (json_array_get_element (array,
        i));

    if (!label)
      return alexnet_format_error (error,
          "__metadata__ labels: label %u is not a string", i);
    strings[i] = g_strdup (label);
  }
  *labels = g_steal_pointer (&strings);
  return TRUE;
}

gboolean
alexnet_metadata_read_labels (GHashTable *metadata, guint n_classes,
    char ***labels, GError **error)
{
  const char *text = g_hash_table_lookup (metadata, "labels");
  g_autoptr (JsonNode) root = NULL;

  *labels = NULL;
  if (!text)
    return TRUE;
  root = alexnet_json_parse (text, strlen (text), "__metadata__ labels", error);
  if (!root)
    return FALSE;
  if (!JSON_NODE_HOLDS_ARRAY (root))
    return alexnet_format_error (error,
        "__metadata__ labels: expected a JSON array of strings");
  return take_labels (json_node_get_array (root), n_classes, labels, error);
}

const AlexnetNetwork *
alexnet_metadata_find_network (const char *claimed)
{
  return alexnet_network_find (g_str_has_prefix (claimed, ARCHITECTURE_PREFIX)
          ? claimed + strlen (ARCHITECTURE_PREFIX)
          : claimed);
}

const AlexnetNetwork *
alexnet_metadata_choose_network (const char *claimed,
    const AlexnetNetwork *named, GError **error)
{
  const AlexnetNetwork *network;
  g_autofree char *quoted = NULL;

  if (!claimed)
    return named;
  network = alexnet_metadata_find_network (claimed);
  if (network && g_str_equal (network->layers[0].name, named->layers[0].name))
    return network;
  quoted = alexnet_quote (claimed);
  alexnet_format_error (error,
      "architecture is %s, expected '%s' as its tensors are named", quoted,
      named->architecture);
  return NULL;
}
