/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "formats.h"

#include <errno.h>
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>

#define HEADER_UNIT 8 /* bytes that a header is a multiple of */

static JsonObject *
describe_metadata (GHashTable *metadata)
{
  JsonObject *object = json_object_new ();
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, metadata);
  while (g_hash_table_iter_next (&iter, &key, &value))
    json_object_set_string_member (object, key, value);
  return object;
}

static gsize
tensor_size (const AlexnetTensor *tensor)
{
  return alexnet_tensor_n_values (tensor) * alexnet_dtype_size (tensor->dtype);
}

/* Its bytes begin at `offset`. */
static JsonObject *
describe_tensor (const AlexnetTensor *tensor, guint64 offset)
{
  JsonObject *object = json_object_new ();
  JsonArray *shape = json_array_new (), *offsets = json_array_new ();

  for (guint i = 0; i < tensor->n_dims; i++)
    json_array_add_int_element (shape, (gint64) tensor->dims[i]);
  json_array_add_int_element (offsets, (gint64) offset);
  json_array_add_int_element (offsets,
      (gint64) (offset + tensor_size (tensor)));
  json_object_set_string_member (object, "dtype",
      alexnet_dtype_name (tensor->dtype));
  json_object_set_array_member (object, "shape", shape);
  json_object_set_array_member (object, "data_offsets", offsets);
  return object;
}

/* The length and the header that go before the tensors. */
static GString *
make_header (const AlexnetTensorSet *set, GHashTable *metadata)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  g_autofree char *text = NULL;
  GString *header = g_string_new (NULL);
  guint64 offset = 0, length;

  json_object_set_object_member (object, "__metadata__",
      describe_metadata (metadata));
  for (guint i = 0; i < set->entries->len; i++) {
    const AlexnetTensorEntry *entry = set->entries->pdata[i];

    if (entry->unusable)
      continue;
    json_object_set_object_member (object, entry->name,
        describe_tensor (&entry->tensor, offset));
    offset += tensor_size (&entry->tensor);
  }
  json_node_take_object (root, object);
  text = json_to_string (root, FALSE);
  g_string_append (header, text);
  while (header->len % HEADER_UNIT != 0)
    g_string_append_c (header, ' ');
  length = GUINT64_TO_LE ((guint64) header->len);
  g_string_prepend_len (header, (const char *) &length, sizeof length);
  return header;
}

static gboolean
write_tensor (const AlexnetTensor *tensor, GOutputStream *stream,
    GError **error)
{
  gsize size = tensor_size (tensor);
  g_autofree guint8 *bytes = g_try_malloc (MAX (size, 1));

  if (!bytes) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "no memory for a tensor of %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  return alexnet_tensor_to_bytes (bytes, tensor, error) &&
      g_output_stream_write_all (stream, bytes, size, NULL, NULL, error);
}

static gboolean
write_all (const AlexnetTensorSet *set, GHashTable *metadata,
    GOutputStream *stream, const AlexnetProgress *progress, GError **error)
{
  g_autoptr (GString) header = make_header (set, metadata);

  if (!g_output_stream_write_all (stream, header->str, header->len, NULL, NULL,
          error))
    return FALSE;
  for (guint i = 0; i < set->entries->len; i++) {
    const AlexnetTensorEntry *entry = set->entries->pdata[i];

    if (!entry->unusable && !write_tensor (&entry->tensor, stream, error))
      return FALSE;
    if (progress)
      progress->update (progress->user, (i + 1.0) / set->entries->len);
  }
  return g_output_stream_close (stream, NULL, error);
}

/* What the tensors' files say keeps its code; the rest is GIO's. */
static void
fail (GError **error, const char *path, const GError *cause)
{
  g_set_error (error, ALEXNET_ERROR,
      cause->domain == ALEXNET_ERROR ? cause->code : ALEXNET_ERROR_INVALID,
      "cannot write %s: %s", path, cause->message);
}

/* Where links lead, also to what is not there yet. NULL, and errno. */
static char *
find_place (const char *path)
{
  char *place = realpath (path, NULL);
  g_autofree char *name = NULL, *directory = NULL, *target = NULL, *next = NULL;

  if (place || errno != ENOENT)
    return place;
  directory = g_path_get_dirname (path);
  target = g_file_read_link (path, NULL);
  if (target) {
    next = g_path_is_absolute (target)
        ? g_strdup (target)
        : g_build_filename (directory, target, NULL);
    return find_place (next);
  }
  next = realpath (directory, NULL);
  name = g_path_get_basename (path);
  return next ? g_build_filename (next, name, NULL) : NULL;
}

/* Of a FIFO GIO would wait for a reader. */
static GFile *
open_place (const char *path, GError **error)
{
  g_autofree char *reason = NULL, *place = NULL;
  struct stat status;

  if (stat (path, &status) == 0)
    reason = alexnet_file_check_type (&status);
  if (!reason) {
    place = find_place (path);
    if (!place)
      reason = g_strdup (g_strerror (errno));
  }
  if (!reason)
    return g_file_new_for_path (place);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, reason);
  return NULL;
}

/* GIO writes a new file in place, and another one beside what is there. */
static void
abandon (GOutputStream *stream, GFile *file, gboolean is_new)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();

  g_cancellable_cancel (cancelled);
  g_output_stream_close (stream, cancelled, NULL);
  if (is_new)
    g_file_delete (file, NULL, NULL);
}

/* As the old file has it; until then only its owner may read the new one. */
static gboolean
keep_mode (GFile *file, const struct stat *old, GError **error)
{
  if (chmod (g_file_peek_path (file), old->st_mode & 0777) == 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
      g_strerror (errno));
  return FALSE;
}

/* A new file always: the tensors may be read from what is there. */
static gboolean
replace (GFile *file, const AlexnetTensorSet *set, GHashTable *metadata,
    const AlexnetProgress *progress, GError **error)
{
  struct stat old;
  gboolean is_new = stat (g_file_peek_path (file), &old) != 0;
  g_autoptr (GFileOutputStream) stream = g_file_replace (file, NULL, FALSE,
      G_FILE_CREATE_REPLACE_DESTINATION |
          (is_new ? G_FILE_CREATE_NONE : G_FILE_CREATE_PRIVATE),
      NULL, error);

  if (!stream)
    return FALSE;
  if (write_all (set, metadata, G_OUTPUT_STREAM (stream), progress, error))
    return is_new || keep_mode (file, &old, error);
  abandon (G_OUTPUT_STREAM (stream), file, is_new);
  return FALSE;
}

gboolean
alexnet_safetensors_write (const AlexnetTensorSet *set, GHashTable *metadata,
    const char *path, const AlexnetProgress *progress, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GFile) file = open_place (path, &cause);

  if (file && replace (file, set, metadata, progress, &cause))
    return TRUE;
  fail (error, path, cause);
  return FALSE;
}
