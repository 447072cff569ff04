/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "formats.h"

#include <string.h>

#include "pickle.h"
#include "zip.h"

#define ROOT_NAME "/data.pkl"
#define LEGACY_PROTOCOL 1001
#define MAX_PICKLE ((guint64) 16 << 20)

/* PROTO 2, LONG1 of 10 bytes: 0x1950a86a20f9469cfc6c, STOP */
static const guint8 legacy_magic[] = { 0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c,
  0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.' };

/* Where the bytes of a storage lie. */
typedef struct {
  guint64 begin, size;
} Extent;

typedef struct {
  const AlexnetFile *file;
  guint64 size;
  AlexnetTensorSet *set;
  AlexnetZip *zip;     /* or, in the older layout: */
  char *prefix;        /* of the zip's entries */
  GHashTable *extents; /* key -> Extent */
} Reader;

gboolean
alexnet_torch_zip_detect (const guint8 *head, gsize size, guint64 file_size)
{
  return size >= 4 &&
      (memcmp (head, "PK\3\4", 4) == 0 || memcmp (head, "PK\5\6", 4) == 0);
}

gboolean
alexnet_torch_legacy_detect (const guint8 *head, gsize size, guint64 file_size)
{
  return size >= sizeof legacy_magic &&
      memcmp (head, legacy_magic, sizeof legacy_magic) == 0;
}

static gboolean
find_storage (const Reader *reader, const AlexnetPickleValue *storage,
    Extent *extent)
{
  if (reader->zip) {
    g_autofree char *name = g_strconcat (reader->prefix, "/data/",
        storage->string, NULL);
    const AlexnetZipEntry *entry = alexnet_zip_find (reader->zip, name);

    if (!entry)
      return FALSE;
    extent->begin = entry->begin;
    extent->size = entry->size;
    return TRUE;
  } else {
    const Extent *found = g_hash_table_lookup (reader->extents,
        storage->string);

    if (found)
      *extent = *found;
    return found != NULL;
  }
}

static const AlexnetPickleValue *
get_item (const AlexnetPickleValue *value, guint i)
{
  return value->items->pdata[i];
}

static gboolean
is_contiguous (const AlexnetPickleValue *size, const AlexnetPickleValue *stride)
{
  gint64 expected = 1;

  for (guint i = size->items->len; i-- > 0;) {
    gint64 n = get_item (size, i)->integer;

    if (n != 1 && get_item (stride, i)->integer != expected)
      return FALSE;
    if (n > 0 && expected > G_MAXINT64 / n)
      return FALSE;
    expected *= n;
  }
  return TRUE;
}

/* Why a tensor cannot be used, though it is no sign of a bad file; else fills
 * in its type and shape. The caller frees the reason. */
static char *
describe (AlexnetTensor *tensor, const AlexnetPickleValue *value)
{
  const AlexnetPickleValue *storage = get_item (value, 0);
  const AlexnetPickleValue *size = get_item (value, 2);

  if (!storage->storage_type->usable)
    return g_strdup_printf ("lies in a torch.%s, expected a "
                            "FloatStorage, HalfStorage or BFloat16Storage",
        storage->storage_type->name);
  if (size->items->len > G_N_ELEMENTS (tensor->dims))
    return g_strdup_printf ("has %u dimensions, expected at most %u",
        size->items->len, (guint) G_N_ELEMENTS (tensor->dims));
  if (!is_contiguous (size, get_item (value, 3)))
    return g_strdup ("is not contiguous; save it after .contiguous()");
  tensor->dtype = storage->storage_type->dtype;
  tensor->n_dims = size->items->len;
  for (guint i = 0; i < tensor->n_dims; i++)
    tensor->dims[i] = (gsize) get_item (size, i)->integer;
  return NULL;
}

/* Points the tensor into its storage, when all of it lies there. */
static gboolean
locate (const Reader *reader, AlexnetTensor *tensor,
    const AlexnetPickleValue *value, const char *quoted, GError **error)
{
  const AlexnetPickleValue *storage = get_item (value, 0);
  gsize offset = (gsize) get_item (value, 1)->integer;
  gsize n_values, n_bytes, end;
  Extent extent;

  if (!find_storage (reader, storage, &extent)) {
    g_autofree char *key = alexnet_quote (storage->string);

    return alexnet_format_error (error,
        "tensor %s: its storage %s is not in the file", quoted, key);
  }
  if (!g_size_checked_mul (&n_bytes, (gsize) storage->integer,
          storage->storage_type->size) ||
      n_bytes != extent.size)
    return alexnet_format_error (error,
        "tensor %s: its storage has %" G_GUINT64_FORMAT
        " bytes, expected %" G_GINT64_FORMAT " values of %u",
        quoted, extent.size, storage->integer, storage->storage_type->size);
  if (!alexnet_dims_multiply (tensor->dims, tensor->n_dims, &n_values) ||
      !g_size_checked_add (&end, offset, n_values) ||
      end > (gsize) storage->integer)
    return alexnet_format_error (error,
        "tensor %s does not end inside its storage of %" G_GINT64_FORMAT
        " values",
        quoted, storage->integer);
  tensor->file = reader->file;
  tensor->offset = extent.begin + offset * storage->storage_type->size;
  return TRUE;
}

static gboolean
add_tensor (Reader *reader, const char *name, const AlexnetPickleValue *value,
    GError **error)
{
  g_autofree char *quoted = alexnet_quote (name);
  AlexnetTensor tensor = { 0 };
  char *unusable;

  if (value->kind == ALEXNET_PICKLE_TENSOR && value->items->len > 0)
    unusable = describe (&tensor, value);
  else
    unusable = g_strdup ("holds no tensor");
  if (!unusable && !locate (reader, &tensor, value, quoted, error))
    return FALSE;
  return alexnet_tensor_set_add (reader->set, name, &tensor, unusable, error);
}

static gboolean
add_tensors (Reader *reader, const AlexnetPickleValue *root, GError **error)
{
  if (root->kind != ALEXNET_PICKLE_DICT)
    return alexnet_format_error (error,
        "the pickle holds something else than a state_dict");
  for (guint i = 0; i + 1 < root->items->len; i += 2) {
    const AlexnetPickleValue *key = get_item (root, i);

    if (key->kind != ALEXNET_PICKLE_STRING)
      return alexnet_format_error (error,
          "the state_dict has a key that is not a string");
    if (!add_tensor (reader, key->string, get_item (root, i + 1), error))
      return FALSE;
  }
  return TRUE;
}

/* The one entry PREFIX/data.pkl. */
static const AlexnetZipEntry *
find_root (const AlexnetZip *zip, GError **error)
{
  for (guint i = 0; i < zip->entries->len; i++) {
    const AlexnetZipEntry *entry = zip->entries->pdata[i];
    const char *slash = strchr (entry->name, '/');

    if (slash && g_str_equal (slash, ROOT_NAME))
      return entry;
  }
  alexnet_format_error (error,
      "zip archive without NAME" ROOT_NAME "; torch.save() did not write it");
  return NULL;
}

static gboolean
check_byte_order (const Reader *reader, GError **error)
{
  g_autofree char *name = g_strconcat (reader->prefix, "/byteorder", NULL);
  const AlexnetZipEntry *entry = alexnet_zip_find (reader->zip, name);
  char order[6];

  if (!entry)
    return TRUE;
  if (entry->size == sizeof order) {
    if (!alexnet_file_read (reader->file, entry->begin, order, sizeof order,
            error))
      return FALSE;
    if (memcmp (order, "little", sizeof order) == 0)
      return TRUE;
  }
  return alexnet_format_error (error, "byte order is not little");
}

/* The pickle at byte `at`, which ends before `at + size`. */
static AlexnetPickle *
read_pickle (const Reader *reader, guint64 at, guint64 size, GError **error)
{
  g_autoptr (GBytes) bytes = alexnet_file_read_bytes (reader->file, at,
      (gsize) MIN (size, MAX_PICKLE), error);

  return bytes ? alexnet_pickle_new (g_bytes_get_data (bytes, NULL),
                     g_bytes_get_size (bytes), error)
               : NULL;
}

gboolean
alexnet_torch_zip_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error)
{
  g_autoptr (AlexnetZip) zip = alexnet_zip_new (file, error);
  const AlexnetZipEntry *entry = zip ? find_root (zip, error) : NULL;
  g_autoptr (AlexnetPickle) pickle = NULL;
  g_autofree char *prefix = NULL;
  Reader reader = { .file = file, .set = source->tensors, .zip = zip };

  source->kind = g_strdup ("PyTorch (zip)");
  if (!entry)
    return FALSE;
  reader.prefix = prefix = g_strndup (entry->name,
      strlen (entry->name) - strlen (ROOT_NAME));
  if (!check_byte_order (&reader, error))
    return FALSE;
  pickle = read_pickle (&reader, entry->begin, entry->size, error);
  if (!pickle) {
    g_prefix_error (error, "%s", "data.pkl: ");
    return FALSE;
  }
  return add_tensors (&reader, pickle->root, error);
}

/* Reads the next of the pickles that follow each other. */
static AlexnetPickle *
next_pickle (Reader *reader, guint64 *at, const char *what, GError **error)
{
  AlexnetPickle *pickle = read_pickle (reader, *at, reader->size - *at, error);

  if (pickle)
    *at += pickle->size;
  else
    g_prefix_error (error, "%s at byte %" G_GUINT64_FORMAT ": ", what, *at);
  return pickle;
}

static gboolean
check_preamble (Reader *reader, guint64 *at, GError **error)
{
  g_autoptr (AlexnetPickle)
      protocol = next_pickle (reader, at, "protocol", error);
  g_autoptr (AlexnetPickle)
      system = protocol ? next_pickle (reader, at, "sys_info", error) : NULL;
  const AlexnetPickleValue *little;

  if (!system)
    return FALSE;
  if (protocol->root->kind != ALEXNET_PICKLE_INT ||
      protocol->root->integer != LEGACY_PROTOCOL)
    return alexnet_format_error (error, "torch.save() protocol is not %d",
        LEGACY_PROTOCOL);
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

  for (guint i = 0; i < pickle->values->len; i++) {
    const AlexnetPickleValue *value = pickle->values->pdata[i];

    if (value->kind == ALEXNET_PICKLE_STORAGE)
      g_hash_table_insert (sizes, value->string,
          GUINT_TO_POINTER (value->storage_type->size));
  }
  return sizes;
}

/* A storage is its number of values in 8 bytes, and the values. */
static gboolean
read_storage (Reader *reader, guint64 *at, const char *key, guint value_size,
    GError **error)
{
  g_autofree char *quoted = alexnet_quote (key);
  guint64 left = reader->size - *at, n_values;
  Extent *extent;

  if (value_size == 0)
    return alexnet_format_error (error, "storage %s: no tensor uses it",
        quoted);
  if (left < sizeof n_values)
    return alexnet_format_error (error,
        "storage %s: the file ends before it at byte %" G_GUINT64_FORMAT,
        quoted, *at);
  if (!alexnet_file_read (reader->file, *at, &n_values, sizeof n_values, error))
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
  extent->begin = *at + sizeof n_values;
  extent->size = n_values * value_size;
  *at += sizeof n_values + extent->size;
  if (!g_hash_table_insert (reader->extents, g_strdup (key), extent))
    return alexnet_format_error (error, "storage %s is there twice", quoted);
  return TRUE;
}

static gboolean
read_storages (Reader *reader, guint64 at, const AlexnetPickle *pickle,
    const AlexnetPickleValue *keys, GError **error)
{
  g_autoptr (GHashTable) sizes = collect_value_sizes (pickle);

  if (keys->kind != ALEXNET_PICKLE_LIST)
    return alexnet_format_error (error,
        "expected the list of storage keys behind the state_dict");
  for (guint i = 0; i < keys->items->len; i++) {
    const AlexnetPickleValue *key = get_item (keys, i);

    if (key->kind != ALEXNET_PICKLE_STRING)
      return alexnet_format_error (error,
          "a storage has a key that is not a string");
    if (!read_storage (reader, &at, key->string,
            GPOINTER_TO_UINT (g_hash_table_lookup (sizes, key->string)), error))
      return FALSE;
  }
  if (at != reader->size)
    return alexnet_format_error (error,
        "storages end at byte %" G_GUINT64_FORMAT
        ", but the file at %" G_GUINT64_FORMAT,
        at, reader->size);
  return TRUE;
}

gboolean
alexnet_torch_legacy_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error)
{
  g_autoptr (GHashTable)
      extents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (AlexnetPickle) state = NULL;
  g_autoptr (AlexnetPickle) keys = NULL;
  Reader reader = { .file = file,
    .size = alexnet_file_get_size (file),
    .set = source->tensors,
    .extents = extents };
  guint64 at = sizeof legacy_magic;

  source->kind = g_strdup ("PyTorch (before 1.6)");
  if (!check_preamble (&reader, &at, error))
    return FALSE;
  state = next_pickle (&reader, &at, "state_dict", error);
  keys = state ? next_pickle (&reader, &at, "storage keys", error) : NULL;
  return keys && read_storages (&reader, at, state, keys->root, error) &&
      add_tensors (&reader, state->root, error);
}
