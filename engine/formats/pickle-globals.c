/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pickle.h"

static const AlexnetStorageType storage_types[] = {
  { "FloatStorage", 4, TRUE, ALEXNET_DTYPE_F32 },
  { "HalfStorage", 2, TRUE, ALEXNET_DTYPE_F16 },
  { "BFloat16Storage", 2, TRUE, ALEXNET_DTYPE_BF16 },
  { "DoubleStorage", 8 },
  { "LongStorage", 8 },
  { "IntStorage", 4 },
  { "ShortStorage", 2 },
  { "CharStorage", 1 },
  { "ByteStorage", 1 },
  { "BoolStorage", 1 },
};

typedef gboolean (*Reduce) (AlexnetPickleValue *value, GPtrArray *args,
    GError **error);

typedef struct {
  const char *module, *name;
  Reduce reduce;
} Global;

static gboolean reduce_dict (AlexnetPickleValue *value, GPtrArray *args,
    GError **error);
static gboolean reduce_tensor (AlexnetPickleValue *value, GPtrArray *args,
    GError **error);
static gboolean reduce_empty_tensor (AlexnetPickleValue *value, GPtrArray *args,
    GError **error);
static gboolean reduce_parameter (AlexnetPickleValue *value, GPtrArray *args,
    GError **error);

/* Storages follow behind these. */
static const Global globals[] = {
  { "collections", "OrderedDict", reduce_dict },
  { "torch._utils", "_rebuild_tensor_v2", reduce_tensor },
  { "torch._utils", "_rebuild_tensor", reduce_tensor }, /* before 0.4 */
  { "torch._utils", "_rebuild_parameter", reduce_parameter },
  { "torch.nn.parameter", "Parameter", reduce_parameter }, /* before 0.4 */
  { "torch", "FloatTensor", reduce_empty_tensor },         /* early releases */
  { "torch", "HalfTensor", reduce_empty_tensor },
};

static gboolean
is_kind (const GPtrArray *items, guint i, AlexnetPickleKind kind)
{
  return i < items->len &&
      ((const AlexnetPickleValue *) items->pdata[i])->kind == kind;
}

static const AlexnetPickleValue *
get_item (const GPtrArray *items, guint i)
{
  return items->pdata[i];
}

gboolean
alexnet_pickle_find_global (AlexnetPickleValue *value, const char *module,
    const char *name, GError **error)
{
  g_autofree char *full = NULL, *quoted = NULL;

  value->kind = ALEXNET_PICKLE_GLOBAL;
  for (guint i = 0; i < G_N_ELEMENTS (globals); i++) {
    value->integer = i;
    if (g_str_equal (module, globals[i].module) &&
        g_str_equal (name, globals[i].name))
      return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (storage_types); i++) {
    value->integer = G_N_ELEMENTS (globals) + i;
    if (g_str_equal (module, "torch") &&
        g_str_equal (name, storage_types[i].name))
      return TRUE;
  }
  full = g_strconcat (module, ".", name, NULL);
  quoted = alexnet_quote (full);
  return alexnet_format_error (error,
      "wants to call %s, which no state_dict needs; refused", quoted);
}

gboolean
alexnet_pickle_reduce (AlexnetPickleValue *value,
    const AlexnetPickleValue *callable, const AlexnetPickleValue *args,
    GError **error)
{
  if (callable->kind != ALEXNET_PICKLE_GLOBAL ||
      callable->integer >= (gint64) G_N_ELEMENTS (globals) ||
      args->kind != ALEXNET_PICKLE_TUPLE)
    return alexnet_format_error (error, "calls what is not a function");
  return globals[callable->integer].reduce (value, args->items, error);
}

static gboolean
add_pair (GPtrArray *items, const AlexnetPickleValue *pair)
{
  if ((pair->kind != ALEXNET_PICKLE_LIST &&
          pair->kind != ALEXNET_PICKLE_TUPLE) ||
      pair->items->len != 2)
    return FALSE;
  g_ptr_array_add (items, pair->items->pdata[0]);
  g_ptr_array_add (items, pair->items->pdata[1]);
  return TRUE;
}

/* OrderedDict () or, from Python 2, OrderedDict ([[key, value], ...]) */
static gboolean
reduce_dict (AlexnetPickleValue *value, GPtrArray *args, GError **error)
{
  const GPtrArray *pairs;

  value->kind = ALEXNET_PICKLE_DICT;
  value->items = g_ptr_array_new ();
  if (args->len == 0)
    return TRUE;
  if (args->len != 1 || !is_kind (args, 0, ALEXNET_PICKLE_LIST))
    return alexnet_format_error (error, "OrderedDict: bad arguments");
  pairs = get_item (args, 0)->items;
  for (guint i = 0; i < pairs->len; i++)
    if (!add_pair (value->items, get_item (pairs, i)))
      return alexnet_format_error (error,
          "OrderedDict: expected pairs of key and value");
  return TRUE;
}

static gboolean
all_sizes (const AlexnetPickleValue *tuple)
{
  for (guint i = 0; i < tuple->items->len; i++)
    if (!is_kind (tuple->items, i, ALEXNET_PICKLE_INT) ||
        get_item (tuple->items, i)->integer < 0)
      return FALSE;
  return TRUE;
}

/* (storage, offset, size, stride) and more that does not matter */
static gboolean
reduce_tensor (AlexnetPickleValue *value, GPtrArray *args, GError **error)
{
  const AlexnetPickleValue *size, *stride;

  if (!is_kind (args, 0, ALEXNET_PICKLE_STORAGE) ||
      !is_kind (args, 1, ALEXNET_PICKLE_INT) ||
      get_item (args, 1)->integer < 0 ||
      !is_kind (args, 2, ALEXNET_PICKLE_TUPLE) ||
      !is_kind (args, 3, ALEXNET_PICKLE_TUPLE))
    return alexnet_format_error (error,
        "tensor: expected a storage, an offset, sizes and strides");
  size = get_item (args, 2);
  stride = get_item (args, 3);
  if (!all_sizes (size) || !all_sizes (stride) ||
      size->items->len != stride->items->len)
    return alexnet_format_error (error,
        "tensor: expected as many strides as sizes, none negative");
  value->kind = ALEXNET_PICKLE_TENSOR;
  value->items = g_ptr_array_ref (args);
  return TRUE;
}

/* (): alexnet_pickle_build() brings the rest */
static gboolean
reduce_empty_tensor (AlexnetPickleValue *value, GPtrArray *args, GError **error)
{
  if (args->len != 0)
    return alexnet_format_error (error, "tensor: expected no arguments");
  value->kind = ALEXNET_PICKLE_TENSOR;
  value->items = g_ptr_array_new ();
  return TRUE;
}

/* (tensor) and more that does not matter, or () */
static gboolean
reduce_parameter (AlexnetPickleValue *value, GPtrArray *args, GError **error)
{
  if (args->len == 0)
    return reduce_empty_tensor (value, args, error);
  if (!is_kind (args, 0, ALEXNET_PICKLE_TENSOR))
    return alexnet_format_error (error, "Parameter: expected a tensor");
  value->kind = ALEXNET_PICKLE_TENSOR;
  value->items = g_ptr_array_ref (get_item (args, 0)->items);
  return TRUE;
}

/* The state of a tensor of early releases is (storage, offset, size, stride),
 * that of a parameter (tensor, creator, hooks, requires_grad, volatile); any
 * other state of a dict or tensor says nothing about values. */
gboolean
alexnet_pickle_build (AlexnetPickleValue *object,
    const AlexnetPickleValue *state, GError **error)
{
  gboolean tuple = state->kind == ALEXNET_PICKLE_TUPLE;

  if (object->kind == ALEXNET_PICKLE_DICT)
    return TRUE;
  if (object->kind != ALEXNET_PICKLE_TENSOR)
    return alexnet_format_error (error,
        "builds something else than a dict or tensor");
  if (!tuple || object->items->len != 0)
    return TRUE;
  g_clear_pointer (&object->items, g_ptr_array_unref);
  return state->items->len == 4
      ? reduce_tensor (object, state->items, error)
      : reduce_parameter (object, state->items, error);
}

/* ("storage", type, key, location, number of values); before PyTorch 1.6 also
 * a view of a part of the storage, or None. */
gboolean
alexnet_pickle_load_storage (AlexnetPickleValue *value,
    const AlexnetPickleValue *id, GError **error)
{
  const GPtrArray *items = id->items;
  gint64 type;

  if (id->kind != ALEXNET_PICKLE_TUPLE || items->len < 5 ||
      !is_kind (items, 0, ALEXNET_PICKLE_STRING) ||
      !g_str_equal (get_item (items, 0)->string, "storage") ||
      !is_kind (items, 1, ALEXNET_PICKLE_GLOBAL) ||
      !is_kind (items, 2, ALEXNET_PICKLE_STRING) ||
      !is_kind (items, 4, ALEXNET_PICKLE_INT))
    return alexnet_format_error (error,
        "storage: expected its type, key, location and size");
  type = get_item (items, 1)->integer - (gint64) G_N_ELEMENTS (globals);
  if (type < 0 || get_item (items, 4)->integer < 0)
    return alexnet_format_error (error, "storage: bad type or size");
  if (items->len > 5 && !is_kind (items, 5, ALEXNET_PICKLE_NONE))
    return alexnet_format_error (error,
        "storage: views of a part of a storage are not supported");
  value->kind = ALEXNET_PICKLE_STORAGE;
  value->storage_type = &storage_types[type];
  value->string = g_strdup (get_item (items, 2)->string);
  value->integer = get_item (items, 4)->integer;
  return TRUE;
}
