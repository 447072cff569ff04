/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "graph-files.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "data-path.h"
#include "float-bits.h"
#include "layers.h"
#include "random-model.h"
#include "says.h"

/* What is computed in another order and in float differs by less. */
#define TOLERANCE 1e-4
#define MAX_SECONDS 2
#define MAX_KILOBYTES (256 << 10)

char *
graph_files_path (const char *folder, const char *name)
{
  return data_path (folder, name);
}

static AlexnetModelSource *
read_file (GraphFilesReader read, AlexnetFile *file, GError **error)
{
  AlexnetModelSource *source = alexnet_model_source_new ();

  g_ptr_array_add (source->files, alexnet_file_ref (file));
  if (read (source, file, error))
    return source;
  alexnet_model_source_free (source);
  return NULL;
}

AlexnetModelSource *
graph_files_read (GraphFilesReader read, const char *path, GError **error)
{
  g_autoptr (AlexnetFile) file = alexnet_file_open (path, error);

  return file ? read_file (read, file, error) : NULL;
}

AlexnetModelSource *
graph_files_read_bytes (GraphFilesReader read, GByteArray *bytes,
    GError **error)
{
  g_autoptr (GBytes) all = g_byte_array_free_to_bytes (bytes);
  g_autoptr (AlexnetFile) file = alexnet_file_new_from_bytes (all, "bytes");

  return read_file (read, file, error);
}

static void
describe_layer (GString *text, const AlexnetLayer *layer)
{
  static const char *const kinds[] = { "conv", "relu", "lrn", "pool", "avgpool",
    "dropout", "linear", "softmax" };

  if (layer->name)
    g_string_append_printf (text, "%s: ", layer->name);
  g_string_append (text, kinds[layer->kind]);
  if (layer->kind == ALEXNET_LAYER_CONV || layer->kind == ALEXNET_LAYER_MAXPOOL)
    g_string_append_printf (text, " %u/%u+%u+%u", layer->kernel, layer->stride,
        layer->padding, layer->end_padding);
  if (layer->kind == ALEXNET_LAYER_CONV)
    g_string_append_printf (text, " g%u", layer->groups);
  if (layer->kind == ALEXNET_LAYER_LRN)
    g_string_append_printf (text, " %u %g %g %g", layer->size, layer->alpha,
        layer->beta, layer->k);
  g_string_append_printf (text, " [%u,%u,%u]\n", layer->out.channels,
      layer->out.height, layer->out.width);
}

char *
graph_files_describe (const AlexnetNetwork *network)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < network->n_layers; i++)
    describe_layer (text, &network->layers[i]);
  return g_string_free (text, FALSE);
}

/* The words of a file's line: its name, the input's range, probabilities. */
static char **
find_line (const char *folder, const char *name)
{
  g_autofree char *path = graph_files_path (folder, "expected.txt");
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    char **words = g_strsplit (lines[i], " ", -1);

    if (words[0] && g_str_equal (words[0], name))
      return words;
    g_strfreev (words);
  }
  g_error ("%s has no line of %s", path, name);
}

void
graph_files_assert_probabilities (const AlexnetNetwork *network,
    const char *folder, const char *name)
{
  g_auto (GStrv) words = find_line (folder, name);
  guint n = alexnet_network_output (network)->channels;
  gsize size = alexnet_shape_size (&network->input);
  g_autofree float *input = g_new (float, size);
  g_autofree float *found = NULL;

  g_assert_cmpuint (g_strv_length (words), ==, n + 2);
  random_model_values (input, size, "input", g_ascii_strtod (words[1], NULL));
  found = layers_run_reference (network, input, 1);
  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (found[i],
        g_ascii_strtod (words[i + 2], NULL), TOLERANCE);
}

void
graph_files_assert_detected (GraphFilesDetector detect, const char *folder,
    const char *name)
{
  g_autofree char *path = graph_files_path (folder, name);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &text, &size, &error);
  g_assert_no_error (error);
  g_assert_true (detect ((const guint8 *) text, MIN (size, ALEXNET_HEAD_SIZE),
      size));
  g_assert_true (detect ((const guint8 *) text, MIN (size, 64), size));
}

static glong
peak_memory (void)
{
  struct rusage usage;

  g_assert_cmpint (getrusage (RUSAGE_SELF, &usage), ==, 0);
  return usage.ru_maxrss;
}

void
graph_files_assert_refused (GraphFilesReader read, GByteArray *bytes,
    const char *expected)
{
  g_autoptr (GError) error = NULL;
  glong before = peak_memory ();
  clock_t start = clock ();

  g_assert_null (graph_files_read_bytes (read, bytes, &error));
  g_assert_cmpint (clock () - start, <, MAX_SECONDS * CLOCKS_PER_SEC);
  g_assert_cmpint (peak_memory () - before, <, MAX_KILOBYTES);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  g_assert_null (strpbrk (error->message, "\n\r"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  assert_says (error->message, expected);
}

static void
put_varint (GByteArray *bytes, guint64 value)
{
  do {
    guint8 byte = (guint8) ((value & 127) | (value > 127 ? 128 : 0));

    g_byte_array_append (bytes, &byte, 1);
    value >>= 7;
  } while (value > 0);
}

void
graph_files_put_int (GByteArray *bytes, guint number, guint64 value)
{
  put_varint (bytes, number << 3);
  put_varint (bytes, value);
}

void
graph_files_put_float (GByteArray *bytes, guint number, float value)
{
  guint32 bits = GUINT32_TO_LE (alexnet_float_to_bits (value));

  put_varint (bytes, number << 3 | 5);
  g_byte_array_append (bytes, (const guint8 *) &bits, sizeof bits);
}

void
graph_files_put_bytes (GByteArray *bytes, guint number, const void *data,
    gsize size)
{
  put_varint (bytes, (guint64) number << 3 | 2);
  put_varint (bytes, size);
  g_byte_array_append (bytes, data, (guint) size);
}

void
graph_files_put_text (GByteArray *bytes, guint number, const char *text)
{
  graph_files_put_bytes (bytes, number, text, strlen (text));
}

void
graph_files_put_message (GByteArray *bytes, guint number, GByteArray *message)
{
  graph_files_put_bytes (bytes, number, message->data, message->len);
  g_byte_array_unref (message);
}
