/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include <string.h>

#include "formats/caffe/caffe.h"
#include "formats/json.h"
#include "formats/numpy/npy.h"
#include "formats/onnx/onnx.h"
#include "formats/pickle/walk.h"
#include "formats/torch/torch.h"
#include "formats/torch/zip.h"
#include "formats/wire.h"
#include "model/model.h"

#define FILE_NAME "fuzz"
#define PADDING 131072
#define MAX_VALUES (4u << 20) /* of all tensors that are read in a run */

static void
check_text (const char *text)
{
  g_assert_true (!text || g_utf8_validate (text, -1, NULL));
}

static void
check_line (const char *text)
{
  g_assert_nonnull (text);
  check_text (text);
  g_assert_null (strpbrk (text, "\n\r"));
}

static void
read_tensor (const AlexnetTensor *tensor, gsize *budget)
{
  gsize n = alexnet_tensor_n_values (tensor);
  g_autofree float *values = NULL;
  g_autoptr (GError) error = NULL;

  if (n > *budget)
    return;
  *budget -= n;
  values = g_new (float, n);
  alexnet_tensor_to_float (values, tensor, &error);
  g_assert_no_error (error);
}

static void
read_network (const AlexnetNetwork *network, gsize *budget)
{
  for (guint i = 0; i < network->n_layers; i++) {
    check_text (network->layers[i].name);
    if (!alexnet_tensor_is_bound (&network->layers[i].weight))
      continue;
    read_tensor (&network->layers[i].weight, budget);
    read_tensor (&network->layers[i].bias, budget);
  }
}

static gboolean
run_model (const FuzzTarget *target, AlexnetFile *file, GError **error)
{
  g_autoptr (GBytes) bytes = alexnet_file_read_bytes (file, 0,
      alexnet_file_get_size (file), NULL);
  AlexnetModel *model = alexnet_model_new_from_bytes (bytes, FILE_NAME, NULL,
      error);
  const char *const *labels;
  g_autofree char *summary = NULL;
  gsize budget = MAX_VALUES;

  if (!model) {
    g_assert_true (!error || !*error ||
        g_str_has_prefix ((*error)->message, FILE_NAME ": "));
    return FALSE;
  }
  labels = alexnet_model_get_labels (model);
  summary = alexnet_model_summary (model);
  check_text (summary);
  read_network (alexnet_model_get_network (model), &budget);
  if (labels)
    g_assert_cmpuint (g_strv_length ((char **) labels), ==,
        alexnet_model_get_n_classes (model));
  for (guint i = 0; labels && labels[i]; i++)
    check_text (labels[i]);
  alexnet_model_unref (model);
  return TRUE;
}

static void
check_source (const AlexnetModelSource *source)
{
  const GPtrArray *entries = source->tensors->entries;
  gsize budget = MAX_VALUES;
  GHashTableIter iter;
  gpointer key, value;

  check_text (source->kind);
  for (guint i = 0; i < entries->len; i++) {
    const AlexnetTensorEntry *entry = entries->pdata[i];

    check_text (entry->name);
    check_text (entry->unusable);
    if (!entry->unusable)
      read_tensor (&entry->tensor, &budget);
  }
  g_hash_table_iter_init (&iter, source->tensors->metadata);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    check_text (key);
    check_text (value);
  }
  for (guint i = 0; source->labels && source->labels[i]; i++)
    check_text (source->labels[i]);
  for (guint i = 0; i < source->notes->len; i++)
    check_line (source->notes->pdata[i]);
  if (source->network)
    read_network (source->network, &budget);
}

static gboolean
run_format (const FuzzTarget *target, AlexnetFile *file, GError **error)
{
  g_autoptr (AlexnetModelSource) source = alexnet_model_source_new ();

  g_ptr_array_add (source->files, alexnet_file_ref (file));
  if (!target->read (source, file, error))
    return FALSE;
  check_source (source);
  return TRUE;
}

/* Every storage begins with the file and is as large as the pickle says. */
static gboolean
find_storage (gconstpointer user, const char *key, guint64 *offset,
    guint64 *size, GError **error)
{
  const AlexnetPickle *pickle = user;

  *offset = 0;
  for (guint i = 0; i < pickle->n_values; i++) {
    const AlexnetPickleValue *value = alexnet_pickle_get (pickle, i);

    if (value->kind != ALEXNET_PICKLE_STORAGE ||
        !g_str_equal (value->storage.key, key))
      continue;
    *size = MIN ((guint64) value->storage.n_values, PADDING / 8) *
        value->storage.type->size;
    return TRUE;
  }
  return alexnet_format_error (error, "there is no such storage");
}

/* Zeros stand behind the pickle. */
static AlexnetFile *
pad_file (const AlexnetFile *file)
{
  gsize size = (gsize) alexnet_file_get_size (file);
  g_autofree guint8 *data = g_malloc0 (size + PADDING);
  g_autoptr (GBytes) bytes = NULL;

  g_assert_true (alexnet_file_read (file, 0, data, size, NULL));
  bytes = g_bytes_new_take (g_steal_pointer (&data), size + PADDING);
  return alexnet_file_new_from_bytes (bytes, FILE_NAME);
}

static gboolean
read_pickle (AlexnetModelSource *source, AlexnetFile *file, GError **error)
{
  AlexnetFile *padded = pad_file (file);
  g_autoptr (AlexnetPickle) pickle = alexnet_pickle_new (padded, 0,
      alexnet_file_get_size (file), error);
  const AlexnetStorages storages = { padded, find_storage, pickle };
  g_autofree char *description = NULL;

  g_ptr_array_add (source->files, padded);
  if (!pickle)
    return FALSE;
  description = alexnet_pickle_describe (pickle->root);
  check_text (description);
  return alexnet_pickle_walk (source, pickle, pickle->root, &storages, error);
}

static gboolean
run_zip (const FuzzTarget *target, AlexnetFile *file, GError **error)
{
  g_autoptr (AlexnetZip) zip = alexnet_zip_new (file, error);

  if (!zip)
    return FALSE;
  for (guint i = 0; i < zip->entries->len; i++) {
    const AlexnetZipEntry *entry = zip->entries->pdata[i];

    check_text (entry->name);
    g_assert_true (alexnet_zip_find (zip, entry->name) == entry);
    g_assert_cmpuint (entry->size, <=, alexnet_file_get_size (file));
    g_assert_cmpuint (entry->begin, <=,
        alexnet_file_get_size (file) - entry->size);
    if (!alexnet_zip_check_stored (entry, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
run_json (const FuzzTarget *target, AlexnetFile *file, GError **error)
{
  gsize size = (gsize) alexnet_file_get_size (file);
  g_autoptr (GBytes) bytes = alexnet_file_read_bytes (file, 0, size, NULL);
  g_autoptr (JsonNode) root = alexnet_json_parse (
      g_bytes_get_data (bytes, NULL), size, "the text", error);
  g_autofree char *text = NULL;

  if (!root)
    return FALSE;
  text = json_to_string (root, FALSE);
  check_text (text);
  return TRUE;
}

static gboolean
run_mean (const FuzzTarget *target, AlexnetFile *file, GError **error)
{
  float mean[3];

  return alexnet_caffe_mean_read (file, mean, error);
}

/* What ONNX's messages are, in part, and in a field of each kind. */
typedef struct {
  GArray *ints, *floats, *doubles, *varints;
  char *text;
  AlexnetWireRange range;
} Tensor;

typedef struct {
  GArray *ranges;
  char *text;
  Tensor tensor;
} Graph;

typedef struct {
  gint64 i;
  float f;
  GPtrArray *texts;
  Graph graph;
} Message;

static const AlexnetWireField tensor_fields[] = {
  ALEXNET_WIRE_FIELD (1, INTS, Tensor, ints),
  ALEXNET_WIRE_FIELD (4, FLOATS, Tensor, floats),
  ALEXNET_WIRE_FIELD (7, VARINTS, Tensor, varints),
  ALEXNET_WIRE_FIELD (8, STRING, Tensor, text),
  ALEXNET_WIRE_FIELD (9, RANGE, Tensor, range),
  ALEXNET_WIRE_FIELD (10, DOUBLES, Tensor, doubles),
  { 0 },
};

static const AlexnetWireField graph_fields[] = {
  ALEXNET_WIRE_FIELD (1, RANGES, Graph, ranges),
  ALEXNET_WIRE_FIELD (2, STRING, Graph, text),
  ALEXNET_WIRE_SUB (5, Graph, tensor, tensor_fields),
  { 0 },
};

static const AlexnetWireField message_fields[] = {
  ALEXNET_WIRE_FIELD (1, INT, Message, i),
  ALEXNET_WIRE_FIELD (2, STRINGS, Message, texts),
  ALEXNET_WIRE_FIELD (15, FLOAT, Message, f),
  ALEXNET_WIRE_SUB (7, Message, graph, graph_fields),
  { 0 },
};

static gboolean
copy_runs (AlexnetWireReader *reader, const GArray *runs, guint width,
    GError **error)
{
  guint64 n = alexnet_wire_count (runs, width);
  g_autofree guint8 *values = g_malloc (n * width);

  return n == 0 || alexnet_wire_copy (reader, runs, width, values, error);
}

static gboolean
read_message (AlexnetWireReader *reader, Message *message, GError **error)
{
  const Graph *graph = &message->graph;
  const Tensor *tensor = &graph->tensor;
  gint64 numbers[8];

  if (!alexnet_wire_read (reader, NULL, message_fields, message, error))
    return FALSE;
  check_text (graph->text);
  check_text (tensor->text);
  for (guint i = 0; message->texts && i < message->texts->len; i++)
    check_text (message->texts->pdata[i]);
  for (guint i = 0; graph->ranges && i < graph->ranges->len; i++)
    g_free (alexnet_wire_read_string (reader,
        &g_array_index (graph->ranges, AlexnetWireRange, i), NULL));
  if (tensor->varints)
    alexnet_wire_copy_varints (reader, tensor->varints, 8, numbers,
        G_N_ELEMENTS (numbers), NULL);
  return copy_runs (reader, tensor->floats, 4, error) &&
      copy_runs (reader, tensor->doubles, 8, error);
}

static gboolean
run_wire (const FuzzTarget *target, AlexnetFile *file, GError **error)
{
  g_autoptr (AlexnetWireReader) reader = alexnet_wire_reader_new (file);
  Message message = { 0 };
  gboolean ok = read_message (reader, &message, error);

  alexnet_wire_clear (message_fields, &message);
  return ok;
}

static gboolean
is_blob (const guint8 *head, gsize size, guint64 file_size)
{
  return size >= 4 && memcmp (head, "\x08\x01\x10", 3) == 0;
}

static gboolean
is_model (const guint8 *head, gsize size, guint64 file_size)
{
  for (const FuzzTarget *t = fuzz_targets; t->name; t++)
    if (t->run == run_format && t->detect (head, size, file_size))
      return TRUE;
  return FALSE;
}

static GBytes *
cut_pickle (const AlexnetFile *file)
{
  g_autoptr (AlexnetZip) zip = alexnet_zip_new (file, NULL);

  for (guint i = 0; i < zip->entries->len; i++) {
    const AlexnetZipEntry *entry = zip->entries->pdata[i];

    if (g_str_has_suffix (entry->name, "/data.pkl"))
      return alexnet_file_read_bytes (file, entry->begin, (gsize) entry->size,
          NULL);
  }
  return NULL;
}

static GBytes *
cut_header (const AlexnetFile *file)
{
  guint64 size = 0;

  g_assert_true (alexnet_file_read (file, 0, &size, sizeof size, NULL));
  return alexnet_file_read_bytes (file, 8, (gsize) GUINT64_FROM_LE (size),
      NULL);
}

const FuzzTarget fuzz_targets[] = {
  { "model", run_model, NULL, is_model },
  { "safetensors", run_format, alexnet_safetensors_read,
      alexnet_safetensors_detect },
  { "index", run_format, alexnet_safetensors_index_read,
      alexnet_safetensors_index_detect },
  { "torch", run_format, alexnet_torch_zip_read, alexnet_torch_zip_detect },
  { "legacy", run_format, alexnet_torch_legacy_read,
      alexnet_torch_legacy_detect },
  { "npy", run_format, alexnet_npy_read, alexnet_npy_detect },
  { "onnx", run_format, alexnet_onnx_read, alexnet_onnx_detect },
  { "caffe", run_format, alexnet_caffe_read, alexnet_caffe_detect },
  { "mean", run_mean, NULL, is_blob },
  { "pickle", run_format, read_pickle, alexnet_torch_zip_detect, cut_pickle },
  { "zip", run_zip, NULL, alexnet_torch_zip_detect },
  { "json", run_json, NULL, alexnet_safetensors_detect, cut_header },
  { "wire", run_wire, NULL, alexnet_onnx_detect },
  { NULL },
};
