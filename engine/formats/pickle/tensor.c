/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "walk.h"

#include <string.h>

#include "formats/storage.h"

#define MAX_BIT_ITEMS 32

static const struct {
  const char *name; /* as numpy.dtype has it */
  AlexnetDType dtype;
} array_types[] = {
  { "f4", ALEXNET_DTYPE_F32 },
  { "f2", ALEXNET_DTYPE_F16 },
  { "f8", ALEXNET_DTYPE_F64 },
};

/* The sizes of a TUPLE; FALSE when there are too many. */
static gboolean
copy_sizes (gsize *sizes, const AlexnetPickleValue *tuple)
{
  if (tuple->n_items > ALEXNET_MAX_DIMS)
    return FALSE;
  for (guint i = 0; i < tuple->n_items; i++)
    sizes[i] = alexnet_clamp_size ((guint64) tuple->items[i]->integer);
  return TRUE;
}

static char *
too_many_dims (const AlexnetPickleValue *tuple)
{
  return g_strdup_printf ("has %u dimensions, expected at most %d",
      tuple->n_items, ALEXNET_MAX_DIMS);
}

/* What the last argument of torch's call says of the values, if it says so. */
static const struct {
  const char *key, *unusable;
} bits[] = {
  { "neg", "has torch's negative bit; save its resolve_neg()" },
  { "conj", "has torch's conjugate bit; save its resolve_conj()" },
};

/* NULL: none of them. A dict of more items is none that torch wrote. */
static const char *
find_bit (const AlexnetPickleValue *args)
{
  const AlexnetPickleValue *last = args->items[args->n_items - 1];

  if (last->n_items > MAX_BIT_ITEMS)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (bits); i++) {
    const AlexnetPickleValue *bit = alexnet_pickle_lookup (last, bits[i].key);

    if (bit && bit->kind == ALEXNET_PICKLE_BOOL && bit->integer)
      return bits[i].unusable;
  }
  return NULL;
}

static gboolean
describe_tensor (AlexnetTensor *tensor, const AlexnetPickleValue *value,
    const AlexnetTorchType *type, char **unusable)
{
  const AlexnetPickleValue *args = value->tensor.args;
  const char *bit = find_bit (args);

  if (!type->usable)
    *unusable = alexnet_storage_refuse_dtype (type->dtype);
  else if (bit)
    *unusable = g_strdup (bit);
  if (*unusable)
    return FALSE;
  tensor->dtype = type->as;
  tensor->n_dims = args->items[2]->n_items;
  if (!copy_sizes (tensor->dims, args->items[2]) ||
      !copy_sizes (tensor->strides, args->items[3])) {
    *unusable = too_many_dims (args->items[2]);
    return FALSE;
  }
  return TRUE;
}

/* Binds a tensor to the part of a storage that it is in. */
static gboolean
bind_to_part (AlexnetTensor *tensor, const AlexnetPickleValue *storage,
    const AlexnetFile *file, guint64 begin, guint64 size, guint64 offset,
    char **unusable, GError **error)
{
  guint64 value_size = storage->storage.type->size, n_bytes;

  if (!g_uint64_checked_mul (&n_bytes, (guint64) storage->storage.n_values,
          value_size) ||
      n_bytes != size)
    return alexnet_format_error (error,
        "its storage has %" G_GUINT64_FORMAT
        " bytes, expected %" G_GINT64_FORMAT " values of %" G_GUINT64_FORMAT,
        size, storage->storage.n_values, value_size);
  begin += (guint64) storage->storage.begin * value_size;
  n_bytes = (guint64) (storage->storage.end - storage->storage.begin) *
      value_size;
  return alexnet_storage_bind (tensor, file, begin, n_bytes, offset, unusable,
      error);
}

static gboolean
read_tensor (const AlexnetPickleValue *value, const AlexnetStorages *storages,
    AlexnetTensor *tensor, char **unusable, GError **error)
{
  const AlexnetPickleValue *args = value->tensor.args, *storage;
  guint64 begin, size;

  if (!args) {
    *unusable = g_strdup ("holds no values");
    return TRUE;
  }
  storage = args->items[0];
  if (!describe_tensor (tensor, value,
          value->tensor.type ? value->tensor.type : storage->storage.type,
          unusable))
    return TRUE;
  return storages->find (storages->user, storage->storage.key, &begin, &size,
             error) &&
      bind_to_part (tensor, storage, storages->file, begin, size,
          (guint64) args->items[1]->integer, unusable, error);
}

/* The letter and size of a numpy.dtype (name, ...) whose state is (version,
 * byte order, ...); NULL when it is none or not little-endian. */
static const char *
get_array_type (const AlexnetPickleValue *dtype)
{
  const AlexnetPickleValue *name, *state;

  if (dtype->kind != ALEXNET_PICKLE_OBJECT ||
      dtype->object.callable->kind != ALEXNET_PICKLE_GLOBAL ||
      !g_str_equal (dtype->object.callable->global.name, "numpy.dtype") ||
      !alexnet_pickle_item_is (dtype->object.args, 0, ALEXNET_PICKLE_STRING))
    return NULL;
  name = dtype->object.args->items[0];
  state = dtype->object.state;
  if (state && alexnet_pickle_item_is (state, 1, ALEXNET_PICKLE_STRING) &&
      g_str_equal (state->items[1]->string, ">"))
    return NULL;
  return name->string + (name->string[0] == '<');
}

static gboolean
describe_array (AlexnetTensor *tensor, const AlexnetPickleValue *value,
    char **unusable)
{
  const char *name = get_array_type (value->array.dtype);

  if (!copy_sizes (tensor->dims, value->array.shape)) {
    *unusable = too_many_dims (value->array.shape);
    return FALSE;
  }
  tensor->n_dims = value->array.shape->n_items;
  for (guint i = 0; i < G_N_ELEMENTS (array_types); i++) {
    tensor->dtype = array_types[i].dtype;
    if (g_strcmp0 (name, array_types[i].name) == 0)
      return TRUE;
  }
  *unusable = alexnet_storage_refuse_dtype (name ? name
                                                 : "another, or big-endian");
  return FALSE;
}

/* Strides of values whose first index runs fastest; how many there are. */
static gboolean
count_values (AlexnetTensor *tensor, gboolean fortran, gsize *n)
{
  *n = 1;
  for (guint i = 0; i < tensor->n_dims; i++) {
    tensor->strides[i] = *n;
    if (!g_size_checked_mul (n, *n, tensor->dims[i]))
      return FALSE;
  }
  tensor->strided = fortran && !alexnet_storage_is_tight (tensor);
  return TRUE;
}

/* Binds the array to its bytes; those of a short string of Python 2 are copied
 * to where they last. */
static gsize
bind_array (AlexnetPickle *pickle, const AlexnetPickleValue *data,
    const AlexnetFile *file, AlexnetTensor *tensor)
{
  if (data->kind == ALEXNET_PICKLE_STRING) {
    tensor->data = g_strdup (data->string);
    g_ptr_array_add (pickle->blocks, (gpointer) tensor->data);
    return strlen (data->string);
  }
  tensor->data = data->bytes.data;
  if (!tensor->data) {
    tensor->file = file;
    tensor->offset = data->bytes.offset;
  }
  return data->bytes.size;
}

static gboolean
read_array (AlexnetPickle *pickle, const AlexnetPickleValue *value,
    const AlexnetFile *file, AlexnetTensor *tensor, char **unusable,
    GError **error)
{
  gsize n_values, n_bytes, size;

  if (!value->array.shape || value->array.data->kind == ALEXNET_PICKLE_LIST) {
    *unusable = g_strdup ("holds no values");
    return TRUE;
  }
  if (!describe_array (tensor, value, unusable))
    return TRUE;
  size = bind_array (pickle, value->array.data, file, tensor);
  if (count_values (tensor, value->array.fortran, &n_values) &&
      g_size_checked_mul (&n_bytes, n_values,
          alexnet_dtype_size (tensor->dtype)) &&
      n_bytes == size)
    return TRUE;
  return alexnet_format_error (error,
      "its shape does not fit its %" G_GSIZE_FORMAT " bytes", size);
}

gboolean
alexnet_pickle_to_tensor (AlexnetPickle *pickle,
    const AlexnetPickleValue *value, const AlexnetStorages *storages,
    AlexnetTensor *tensor, char **unusable, GError **error)
{
  *tensor = (AlexnetTensor){ 0 };
  *unusable = NULL;
  if (value->kind == ALEXNET_PICKLE_ARRAY)
    return read_array (pickle, value, storages->file, tensor, unusable, error);
  return read_tensor (value, storages, tensor, unusable, error);
}
