/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What torch.save() wrote in 2017, which no PyTorch of today writes: files like
 * alexnet-owt-4df8aa71.pth. The pickles are put together here, in the ways
 * that PyTorch's own reader still knows: Parameters, called or made empty and
 * filled by their state; tensors likewise; and Python 2's strings, long
 * integers and OrderedDicts. */

#include <string.h>

#include "model/model.h"
#include "support/cases.h"
#include "support/random-model.h"

typedef struct {
  const char *name;
  gboolean python2; /* OrderedDict ([[key, value], ...]), longs */
  gboolean empty;   /* tensors and Parameters filled by state */
  gboolean views;   /* each storage is a part of another */
} Dialect;

static const Dialect dialects[] = {
  { "python2/called", TRUE, FALSE },
  { "python2/filled", TRUE, TRUE },
  { "python3/called", FALSE, FALSE },
  { "python3/filled", FALSE, TRUE },
  { "python2/views", TRUE, FALSE, TRUE },
  { "python3/views", FALSE, TRUE, TRUE },
};

#define VIEW_BEGIN 3 /* values before the part that is used */

typedef struct {
  const Dialect *dialect;
  GByteArray *state, *keys, *storages;
  guint n;
} Writer;

#define APPEND(array, bytes) \
  g_byte_array_append (array, (const guint8 *) bytes, sizeof bytes - 1)

static void
append_number (GByteArray *array, guint64 value, guint n_bytes)
{
  for (guint i = 0; i < n_bytes; i++) {
    guint8 byte = (guint8) (value >> 8 * i);

    g_byte_array_append (array, &byte, 1);
  }
}

static void
append_string (Writer *w, GByteArray *array, const char *text)
{
  if (w->dialect->python2)
    APPEND (array, "U");
  else
    APPEND (array, "X");
  append_number (array, strlen (text), w->dialect->python2 ? 1 : 4);
  g_byte_array_append (array, (const guint8 *) text, (guint) strlen (text));
}

static void
append_int (Writer *w, guint64 value)
{
  if (w->dialect->python2)
    APPEND (w->state, "\x8a\x04");
  else
    APPEND (w->state, "J");
  append_number (w->state, value, 4);
}

/* How many values a storage has, and which of them it means. */
static void
append_extent (Writer *w, gsize n)
{
  if (!w->dialect->views) {
    append_int (w, n);
    APPEND (w->state, "N");
    return;
  }
  append_int (w, VIEW_BEGIN + n);
  APPEND (w->state, "(");
  append_string (w, w->state, "view");
  append_int (w, VIEW_BEGIN);
  append_int (w, n);
  APPEND (w->state, "t");
}

/* (storage, offset, size, stride) */
static void
append_tensor_tuple (Writer *w, const AlexnetTensor *tensor, const char *key)
{
  gsize stride = alexnet_tensor_n_values (tensor);

  APPEND (w->state, "((");
  append_string (w, w->state, "storage");
  APPEND (w->state, "ctorch\nFloatStorage\n");
  append_string (w, w->state, key);
  append_string (w, w->state, "cuda:0");
  append_extent (w, stride);
  APPEND (w->state, "tQK\0(");
  for (guint i = 0; i < tensor->n_dims; i++)
    append_int (w, tensor->dims[i]);
  APPEND (w->state, "t(");
  for (guint i = 0; i < tensor->n_dims; i++) {
    stride /= tensor->dims[i];
    append_int (w, stride);
  }
  APPEND (w->state, "tt");
}

static void
append_parameter (Writer *w, const AlexnetTensor *tensor, const char *key)
{
  APPEND (w->state, "ctorch.nn.parameter\nParameter\n");
  if (w->dialect->empty) {
    APPEND (w->state, ")\x81(ctorch\nFloatTensor\n)R");
    append_tensor_tuple (w, tensor, key);
    APPEND (w->state, "bNccollections\nOrderedDict\n)R\x88\x89tb");
  } else {
    APPEND (w->state, "ctorch._utils\n_rebuild_tensor\n");
    append_tensor_tuple (w, tensor, key);
    APPEND (w->state,
        "R\x85R(\x88\x89"
        "Ntb");
  }
}

static void
append_member (Writer *w, const AlexnetLayer *layer, const char *suffix,
    const AlexnetTensor *tensor)
{
  g_autofree char *name = g_strconcat (layer->name, suffix, NULL);
  g_autofree char *key = g_strdup_printf ("%u", 38100000 + w->n++);
  gsize n = alexnet_tensor_n_values (tensor);

  if (w->dialect->python2)
    APPEND (w->state, "](");
  append_string (w, w->state, name);
  append_parameter (w, tensor, key);
  if (w->dialect->python2)
    APPEND (w->state, "e");
  append_string (w, w->keys, key);
  append_number (w->storages, n + (w->dialect->views ? VIEW_BEGIN : 0), 8);
  for (guint i = 0; i < VIEW_BEGIN && w->dialect->views; i++)
    append_number (w->storages, 0, sizeof (float));
  g_byte_array_append (w->storages, tensor->data, (guint) (4 * n));
}

static void
append_members (Writer *w, const AlexnetNetwork *network)
{
  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (!layer->weight.data)
      continue;
    append_member (w, layer, ".weight", &layer->weight);
    append_member (w, layer, ".bias", &layer->bias);
  }
}

static GBytes *
write_file (const Dialect *dialect, const AlexnetNetwork *network)
{
  GByteArray *file = g_byte_array_new ();
  Writer w = { dialect, g_byte_array_new (), g_byte_array_new (),
    g_byte_array_new () };

  if (dialect->python2)
    APPEND (w.state, "ccollections\nOrderedDict\n](");
  else
    APPEND (w.state, "ccollections\nOrderedDict\n)R(");
  append_members (&w, network);
  if (dialect->python2)
    APPEND (w.state, "e\x85R");
  else
    APPEND (w.state, "u");

  APPEND (file,
      "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
      "\x80\2M\xe9\x03.\x80\2}(");
  append_string (&w, file, "little_endian");
  APPEND (file, "\x88u.\x80\2");
  g_byte_array_append (file, w.state->data, w.state->len);
  APPEND (file, ".\x80\2](");
  g_byte_array_append (file, w.keys->data, w.keys->len);
  APPEND (file, "e.");
  g_byte_array_append (file, w.storages->data, w.storages->len);
  g_byte_array_unref (w.state);
  g_byte_array_unref (w.keys);
  g_byte_array_unref (w.storages);
  return g_byte_array_free_to_bytes (file);
}

static void
assert_same (const AlexnetTensor *found, const AlexnetTensor *expected)
{
  gsize size = alexnet_tensor_n_values (expected) * sizeof (float);
  g_autofree guint8 *bytes = g_malloc (size);
  g_autoptr (GError) error = NULL;

  if (!expected->data)
    return;
  g_assert_cmpint (found->dtype, ==, ALEXNET_DTYPE_F32);
  g_assert_cmpuint (alexnet_tensor_n_values (found) * sizeof (float), ==, size);
  alexnet_tensor_to_bytes (bytes, found, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (bytes, size, expected->data, size);
}

static void
test_dialect (gconstpointer dialect)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");
  const AlexnetNetwork *loaded;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  AlexnetModel *model;

  random_model_narrow (&network);
  random_model_fill (&network);
  bytes = write_file (dialect, &network);
  model = alexnet_model_new_from_bytes (bytes, "old", NULL, &error);
  g_assert_no_error (error);
  loaded = alexnet_model_get_network (model);
  for (guint i = 0; i < network.n_layers; i++) {
    assert_same (&loaded->layers[i].weight, &network.layers[i].weight);
    assert_same (&loaded->layers[i].bias, &network.layers[i].bias);
  }
  alexnet_model_unref (model);
  random_model_clear (&network);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD_NAMED_CASES ("/torch-old", dialects, test_dialect);
  return g_test_run ();
}
