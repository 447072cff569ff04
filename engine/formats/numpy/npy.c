/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "npy.h"

#include <math.h>
#include <string.h>

#include "formats/pickle/walk.h"

#define MAGIC "\x93NUMPY"
#define MAX_HEADER 65536
#define DESCR "'descr':"

typedef struct {
  const char *name;
  const AlexnetPickleValue *weights, *biases; /* ARRAY */
} Layer;

typedef struct {
  AlexnetModelSource *source;
  AlexnetPickle *pickle;
  const AlexnetStorages *storages;
  gsize channels; /* of the convolution before; 0: there is none before */
} Reader;

gboolean
alexnet_npy_detect (const guint8 *head, gsize size, guint64 file_size)
{
  return size >= strlen (MAGIC) && memcmp (head, MAGIC, strlen (MAGIC)) == 0;
}

/* Versions 1 to 3 differ in the length of the length. */
static char *
read_header (const AlexnetFile *file, guint64 *end, GError **error)
{
  g_autofree char *text = NULL;
  guint8 start[12] = { 0 };
  gsize begin, length;

  if (!alexnet_file_read (file, 0, start, 10, error))
    return NULL;
  begin = start[6] == 1 ? 10 : 12;
  if (start[6] < 1 || start[6] > 3) {
    alexnet_format_error (error, "has version %u.%u, expected 1 to 3", start[6],
        start[7]);
    return NULL;
  }
  if (!alexnet_file_read (file, 0, start, begin, error))
    return NULL;
  length = start[8] | (gsize) start[9] << 8 | (gsize) start[10] << 16 |
      (gsize) start[11] << 24;
  if (length > MAX_HEADER) {
    alexnet_format_error (error,
        "has a header of %" G_GSIZE_FORMAT " bytes, expected at most %d",
        length, MAX_HEADER);
    return NULL;
  }
  text = g_malloc0 (length + 1);
  *end = begin + length;
  return alexnet_file_read (file, begin, text, length, error)
      ? g_steal_pointer (&text)
      : NULL;
}

/* The header is a dict of Python: {'descr': '|O', ...}. */
static gboolean
check_header (const char *text, GError **error)
{
  const char *p = strstr (text, DESCR);
  g_autofree char *descr = NULL, *quoted = NULL;

  if (p) {
    p += strlen (DESCR);
    p += strspn (p, " '");
    descr = g_strndup (p, strcspn (p, "',}"));
  }
  if (g_strcmp0 (descr, "|O") == 0 || g_strcmp0 (descr, "O") == 0)
    return TRUE;
  quoted = alexnet_quote (descr ? descr : text);
  return alexnet_format_error (error,
      "holds one array of %s, expected a pickled dict of layers", quoted);
}

static gboolean
is_values (const AlexnetPickleValue *value)
{
  return value && value->kind == ALEXNET_PICKLE_ARRAY && value->array.shape &&
      value->array.data->kind != ALEXNET_PICKLE_LIST;
}

/* FALSE when a value is not the weights and biases of a layer. */
static gboolean
get_layer (const AlexnetPickleValue *key, const AlexnetPickleValue *value,
    Layer *layer)
{
  if (key->kind != ALEXNET_PICKLE_STRING)
    return FALSE;
  layer->name = key->string;
  layer->weights = alexnet_pickle_lookup (value, "weights");
  layer->biases = alexnet_pickle_lookup (value, "biases");
  if ((value->kind == ALEXNET_PICKLE_LIST ||
          value->kind == ALEXNET_PICKLE_TUPLE) &&
      value->n_items == 2) {
    layer->weights = value->items[0];
    layer->biases = value->items[1];
  }
  return is_values (layer->weights) && is_values (layer->biases) &&
      (layer->weights->array.shape->n_items == 4 ||
          layer->weights->array.shape->n_items == 2);
}

static int
compare_layers (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Layer *) a)->name, ((const Layer *) b)->name);
}

/* In the order of their names, since Python 2's dicts have none; NULL when the
 * dict holds anything else. */
static GArray *
collect_layers (const AlexnetPickleValue *dict)
{
  g_autoptr (GArray) layers = g_array_new (FALSE, FALSE, sizeof (Layer));

  if (dict->kind != ALEXNET_PICKLE_DICT)
    return NULL;
  for (guint i = 0; i + 1 < dict->n_items; i += 2) {
    Layer layer;

    if (!get_layer (dict->items[i], dict->items[i + 1], &layer))
      return NULL;
    g_array_append_val (layers, layer);
  }
  g_array_sort (layers, compare_layers);
  return g_steal_pointer (&layers);
}

/* The side of the square that is left of n inputs of a linear layer for each
 * channel of the convolution before it; 1 when there is none. */
static gsize
find_side (const Reader *reader, gsize n)
{
  gsize area = reader->channels > 0 ? n / reader->channels : 0;
  gsize side = (gsize) sqrt ((double) area);

  return side > 0 && side * side * reader->channels == n ? side : 1;
}

static void
set_strides (AlexnetTensor *tensor)
{
  gsize stride = 1;

  for (guint i = tensor->n_dims; i-- > 0 && !tensor->strided;) {
    tensor->strides[i] = stride;
    stride *= tensor->dims[i];
  }
  tensor->strided = TRUE;
}

/* Gives weights the order of dimensions that PyTorch has. */
static void
turn (Reader *reader, AlexnetTensor *tensor)
{
  const AlexnetTensor t = *tensor;
  gsize channels = reader->channels, side;

  if (t.n_dims == 4) {
    for (guint i = 0; i < 4; i++) {
      static const guint from[] = { 3, 2, 0, 1 };

      tensor->dims[i] = t.dims[from[i]];
      tensor->strides[i] = t.strides[from[i]];
    }
    reader->channels = t.dims[3];
    return;
  }
  side = find_side (reader, t.dims[0]);
  tensor->dims[0] = t.dims[1];
  tensor->strides[0] = t.strides[1];
  tensor->dims[1] = t.dims[0];
  tensor->strides[1] = t.strides[0];
  if (side > 1) {
    tensor->n_dims = 4;
    tensor->dims[1] = channels;
    tensor->dims[2] = tensor->dims[3] = side;
    tensor->strides[2] = side * channels * t.strides[0];
    tensor->strides[3] = channels * t.strides[0];
  }
  reader->channels = 0;
}

static gboolean
add_array (Reader *reader, const Layer *layer, const char *suffix,
    const AlexnetPickleValue *array, GError **error)
{
  g_autofree char *name = g_strconcat (layer->name, suffix, NULL);
  AlexnetTensor tensor;
  char *unusable;

  if (!alexnet_pickle_to_tensor (reader->pickle, array, reader->storages,
          &tensor, &unusable, error)) {
    g_autofree char *quoted = alexnet_quote (name);

    g_prefix_error (error, "tensor %s: ", quoted);
    return FALSE;
  }
  if (!unusable && array == layer->weights) {
    set_strides (&tensor);
    turn (reader, &tensor);
  }
  return alexnet_tensor_set_add (reader->source->tensors, name, &tensor,
      unusable, error);
}

static gboolean
add_layers (Reader *reader, const GArray *layers, GError **error)
{
  for (guint i = 0; i < layers->len; i++) {
    const Layer *layer = &g_array_index (layers, Layer, i);

    if (!add_array (reader, layer, ".weight", layer->weights, error) ||
        !add_array (reader, layer, ".bias", layer->biases, error))
      return FALSE;
  }
  g_ptr_array_extend_and_steal (reader->source->arena,
      g_steal_pointer (&reader->pickle->blocks));
  return TRUE;
}

/* The one object of an array of objects without dimensions. */
static AlexnetPickleValue *
get_object (AlexnetPickleValue *root)
{
  AlexnetPickleValue *data = root->kind == ALEXNET_PICKLE_ARRAY &&
          root->array.shape && root->array.shape->n_items == 0
      ? root->array.data
      : NULL;

  return data && data->kind == ALEXNET_PICKLE_LIST && data->n_items == 1
      ? data->items[0]
      : root;
}

/* No such pickle keeps values apart. */
static gboolean
refuse_storage (gconstpointer user, const char *key, guint64 *offset,
    guint64 *size, GError **error)
{
  return alexnet_format_error (error, "its storage is not in the file");
}

gboolean
alexnet_npy_read (AlexnetModelSource *source, AlexnetFile *file, GError **error)
{
  const AlexnetStorages storages = { file, refuse_storage, NULL };
  guint64 begin;
  g_autofree char *header = read_header (file, &begin, error);
  g_autoptr (AlexnetPickle) pickle = NULL;
  g_autoptr (GArray) layers = NULL;
  AlexnetPickleValue *root;

  if (!header || !check_header (header, error))
    return FALSE;
  pickle = alexnet_pickle_new (file, begin,
      alexnet_file_get_size (file) - begin, error);
  if (!pickle)
    return FALSE;
  source->kind = g_strdup ("numpy dict of arrays (.npy)");
  root = get_object (pickle->root);
  layers = collect_layers (root);
  if (layers) {
    Reader reader = { source, pickle, &storages, 0 };

    g_ptr_array_add (source->notes,
        g_strdup ("weights are in TensorFlow's order, [kH, kW, in, out]"));
    return add_layers (&reader, layers, error);
  }
  return alexnet_pickle_walk (source, pickle, root, &storages, error);
}
