/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What torch.save() wrote before PyTorch 1.6 and still does when it is told
 * to: pickles of a magic number, a protocol, the system, the checkpoint and
 * the storages' keys, and the storages. */

#include "torch.h"

#include <string.h>

#include "formats/pickle/walk.h"

#define PROTOCOL 1001

/* PROTO 2, LONG1 of 10 bytes: 0x1950a86a20f9469cfc6c, STOP */
static const guint8 magic[] = { 0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9,
  0x20, 0x6a, 0xa8, 0x50, 0x19, '.' };

/* Where the bytes of a storage lie. */
typedef struct {
  guint64 begin, size;
} Extent;

typedef struct {
  const AlexnetFile *file;
  guint64 at, size;    /* of the file */
  GHashTable *extents; /* key -> Extent */
} Reader;

gboolean
alexnet_torch_legacy_detect (const guint8 *head, gsize size, guint64 file_size)
{
  return size >= sizeof magic && memcmp (head, magic, sizeof magic) == 0;
}

/* Reads the next of the pickles that follow each other. */
static AlexnetPickle *
next_pickle (Reader *reader, const char *what, GError **error)
{
  AlexnetPickle *pickle = alexnet_pickle_new (reader->file, reader->at,
      reader->size - reader->at, error);

  if (pickle)
    reader->at += pickle->size;
  else
    g_prefix_error (error, "%s at byte %" G_GUINT64_FORMAT ": ", what,
        reader->at);
  return pickle;
}

static gboolean
check_preamble (Reader *reader, GError **error)
{
  g_autoptr (AlexnetPickle) protocol = next_pickle (reader, "protocol", error);
  g_autoptr (AlexnetPickle)
      system = protocol ? next_pickle (reader, "sys_info", error) : NULL;
  const AlexnetPickleValue *little;

  if (!system)
    return FALSE;
  if (protocol->root->kind != ALEXNET_PICKLE_INT ||
      protocol->root->integer != PROTOCOL)
    return alexnet_format_error (error, "torch.save() protocol is not %d",
        PROTOCOL);
  little = alexnet_pickle_lookup (system->root, "little_endian");
  if (!little || little->kind != ALEXNET_PICKLE_BOOL || !little->integer)
    return alexnet_format_error (error, "byte order is not little");
  return TRUE;
}

/* key -> the number of bytes of its values, for every storage of a pickle. */
static GHashTable *
collect_value_sizes (const AlexnetPickle *pickle)
{
  GHashTable *sizes = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < pickle->n_values; i++) {
    const AlexnetPickleValue *value = alexnet_pickle_get (pickle, i);

    if (value->kind == ALEXNET_PICKLE_STORAGE)
      g_hash_table_insert (sizes, (gpointer) value->storage.key,
          GUINT_TO_POINTER (value->storage.type->size));
  }
  return sizes;
}

/* A storage is its number of values in 8 bytes, and the values. */
static gboolean
read_storage (Reader *reader, const char *key, guint value_size, GError **error)
{
  g_autofree char *quoted = alexnet_quote (key);
  guint64 left = reader->size - reader->at, n_values;
  Extent *extent;

  if (value_size == 0)
    return alexnet_format_error (error,
        "storage %s: no tensor uses it, or its type is not known", quoted);
  if (left < sizeof n_values)
    return alexnet_format_error (error,
        "storage %s: the file ends before it at byte %" G_GUINT64_FORMAT,
        quoted, reader->at);
  if (!alexnet_file_read (reader->file, reader->at, &n_values, sizeof n_values,
          error))
    return FALSE;
  n_values = GUINT64_FROM_LE (n_values);
  left -= sizeof n_values;
  if (n_values > left / value_size)
    return alexnet_format_error (error,
        "storage %s: %" G_GUINT64_FORMAT
        " values of %u bytes, but %" G_GUINT64_FORMAT
        " bytes are left in the file",
        quoted, n_values, value_size, left);
  extent = g_new (Extent, 1);
  extent->begin = reader->at + sizeof n_values;
  extent->size = n_values * value_size;
  reader->at = extent->begin + extent->size;
  return g_hash_table_insert (reader->extents, g_strdup (key), extent) ||
      alexnet_format_error (error, "storage %s is there twice", quoted);
}

static gboolean
read_storages (Reader *reader, const AlexnetPickle *pickle,
    const AlexnetPickleValue *keys, GError **error)
{
  g_autoptr (GHashTable) sizes = collect_value_sizes (pickle);

  if (keys->kind != ALEXNET_PICKLE_LIST)
    return alexnet_format_error (error,
        "expected the list of storage keys behind the checkpoint");
  for (guint i = 0; i < keys->n_items; i++) {
    const char *key;

    if (!alexnet_pickle_item_is (keys, i, ALEXNET_PICKLE_STRING))
      return alexnet_format_error (error,
          "a storage has a key that is not a string");
    key = keys->items[i]->string;
    if (!read_storage (reader, key,
            GPOINTER_TO_UINT (g_hash_table_lookup (sizes, key)), error))
      return FALSE;
  }
  return reader->at == reader->size ||
      alexnet_format_error (error,
          "storages end at byte %" G_GUINT64_FORMAT
          ", but the file at %" G_GUINT64_FORMAT,
          reader->at, reader->size);
}

static gboolean
find_storage (gconstpointer user, const char *key, guint64 *offset,
    guint64 *size, GError **error)
{
  const Extent *extent = g_hash_table_lookup (((const Reader *) user)->extents,
      key);
  g_autofree char *quoted = NULL;

  if (extent) {
    *offset = extent->begin;
    *size = extent->size;
    return TRUE;
  }
  quoted = alexnet_quote (key);
  return alexnet_format_error (error, "its storage %s is not in the file",
      quoted);
}

static gboolean
read_all (Reader *reader, AlexnetModelSource *source, GError **error)
{
  g_autoptr (AlexnetPickle) pickle = NULL;
  g_autoptr (AlexnetPickle) keys = NULL;
  const AlexnetStorages storages = { reader->file, find_storage, reader };

  if (!check_preamble (reader, error))
    return FALSE;
  pickle = next_pickle (reader, "checkpoint", error);
  keys = pickle ? next_pickle (reader, "storage keys", error) : NULL;
  if (!keys)
    return FALSE;
  source->kind = g_strdup (pickle->root->kind == ALEXNET_PICKLE_OBJECT
          ? "PyTorch pickled module (before 1.6)"
          : "PyTorch checkpoint (before 1.6)");
  return read_storages (reader, pickle, keys->root, error) &&
      alexnet_pickle_walk (source, pickle, pickle->root, &storages, error);
}

gboolean
alexnet_torch_legacy_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error)
{
  g_autoptr (GHashTable)
      extents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Reader reader = { file, sizeof magic, alexnet_file_get_size (file), extents };

  return read_all (&reader, source, error);
}
