/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known of the classes and functions of Python, numpy and PyTorch that
 * stand for containers, arrays and tensors. Arguments that are not as those
 * write them make an inert object like any other. */

#include "machine.h"

#include <string.h>

typedef gboolean (*Make) (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error);

struct _AlexnetPickleGlobal {
  const char *name;
  Make make;
};

static const AlexnetTorchType torch_types[] = {
  { "float32", "FloatStorage", 4, TRUE, ALEXNET_DTYPE_F32 },
  { "float16", "HalfStorage", 2, TRUE, ALEXNET_DTYPE_F16 },
  { "bfloat16", "BFloat16Storage", 2, TRUE, ALEXNET_DTYPE_BF16 },
  { "float64", "DoubleStorage", 8, TRUE, ALEXNET_DTYPE_F64 },
  { "float8_e4m3fn", NULL, 1, TRUE, ALEXNET_DTYPE_F8_E4M3 },
  { "float8_e5m2", NULL, 1, TRUE, ALEXNET_DTYPE_F8_E5M2 },
  { "float8_e4m3fnuz", NULL, 1 }, { "float8_e5m2fnuz", NULL, 1 },
  { "float8_e8m0fnu", NULL, 1 }, { "int64", "LongStorage", 8 },
  { "int32", "IntStorage", 4 }, { "int16", "ShortStorage", 2 },
  { "int8", "CharStorage", 1 }, { "uint8", "ByteStorage", 1 },
  { "uint16", NULL, 2 }, { "uint32", NULL, 4 }, { "uint64", NULL, 8 },
  { "bool", "BoolStorage", 1 }, { "complex32", "ComplexHalfStorage", 4 },
  { "complex64", "ComplexFloatStorage", 8 },
  { "complex128", "ComplexDoubleStorage", 16 }, { "qint8", "QInt8Storage", 1 },
  { "quint8", "QUInt8Storage", 1 }, { "qint32", "QInt32Storage", 4 },
  { "quint4x2", "QUInt4x2Storage", 1 }, { "quint2x4", "QUInt2x4Storage", 1 },
  { "untyped", "UntypedStorage", 1 },
  { "untyped", "_UntypedStorage", 1 }, /* before 2.0 */
};

static gboolean
make_empty (AlexnetPickleMachine *m, AlexnetPickleKind kind,
    AlexnetPickleValue **value, GError **error)
{
  *value = alexnet_pickle_make (m, kind, error);
  return *value != NULL;
}

static gboolean
is_pair (const AlexnetPickleValue *value)
{
  return (value->kind == ALEXNET_PICKLE_LIST ||
             value->kind == ALEXNET_PICKLE_TUPLE) &&
      value->n_items == 2;
}

/* OrderedDict () or, from Python 2, OrderedDict ([[key, value], ...]) */
static gboolean
make_dict (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  const AlexnetPickleValue *pairs = args->n_items > 0 ? args->items[0] : args;

  if (args->n_items > 1 ||
      (args->n_items == 1 && pairs->kind != ALEXNET_PICKLE_LIST))
    return TRUE;
  for (guint i = 0; i < pairs->n_items; i++)
    if (!is_pair (pairs->items[i]))
      return TRUE;
  if (!make_empty (m, ALEXNET_PICKLE_DICT, value, error))
    return FALSE;
  for (guint i = 0; i < pairs->n_items; i++)
    if (!alexnet_pickle_append (m, *value, pairs->items[i]->items[0], error) ||
        !alexnet_pickle_append (m, *value, pairs->items[i]->items[1], error))
      return FALSE;
  return TRUE;
}

/* What the first argument is, and more about it that does not matter. */
static gboolean
make_first (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  if (args->n_items > 0)
    *value = args->items[0];
  return TRUE;
}

static gboolean
all_sizes (const AlexnetPickleValue *value)
{
  if (value->kind != ALEXNET_PICKLE_TUPLE)
    return FALSE;
  for (guint i = 0; i < value->n_items; i++)
    if (!alexnet_pickle_item_is (value, i, ALEXNET_PICKLE_INT) ||
        value->items[i]->integer < 0)
      return FALSE;
  return TRUE;
}

/* (storage, offset, size, stride) and more, of which the last may be a dict of
 * what else holds for the values */
static gboolean
is_tensor (const AlexnetPickleValue *args)
{
  return alexnet_pickle_item_is (args, 0, ALEXNET_PICKLE_STORAGE) &&
      alexnet_pickle_item_is (args, 1, ALEXNET_PICKLE_INT) &&
      args->items[1]->integer >= 0 && args->n_items >= 4 &&
      all_sizes (args->items[2]) && all_sizes (args->items[3]) &&
      args->items[2]->n_items == args->items[3]->n_items;
}

static gboolean
make_tensor (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  if (!is_tensor (args))
    return TRUE;
  if (!make_empty (m, ALEXNET_PICKLE_TENSOR, value, error))
    return FALSE;
  (*value)->tensor.args = args;
  return TRUE;
}

/* "torch.float32"; with `storage` "torch.FloatStorage" */
static const AlexnetTorchType *
find_type (const AlexnetPickleValue *value, gboolean storage)
{
  const char *name;

  if (value->kind != ALEXNET_PICKLE_GLOBAL ||
      !g_str_has_prefix (value->global.name, "torch."))
    return NULL;
  name = strrchr (value->global.name, '.') + 1;
  for (guint i = 0; i < G_N_ELEMENTS (torch_types); i++)
    if (g_strcmp0 (storage ? torch_types[i].storage : torch_types[i].dtype,
            name) == 0)
      return &torch_types[i];
  return NULL;
}

/* (storage, offset, size, stride, requires_grad, hooks, dtype) */
static gboolean
make_typed_tensor (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  const AlexnetTorchType *type = args->n_items > 6
      ? find_type (args->items[6], FALSE)
      : NULL;

  if (!type)
    return TRUE;
  if (!make_tensor (m, args, value, error))
    return FALSE;
  if (*value)
    (*value)->tensor.type = type;
  return TRUE;
}

/* (): state brings the rest */
static gboolean
make_empty_tensor (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  return args->n_items > 0 ||
      make_empty (m, ALEXNET_PICKLE_TENSOR, value, error);
}

/* (tensor) and more that does not matter, or () */
static gboolean
make_parameter (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  return args->n_items > 0 ? make_first (m, args, value, error)
                           : make_empty_tensor (m, args, value, error);
}

/* (function, type, its arguments, state): a tensor of another Python type */
static gboolean
make_from_type (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  const AlexnetPickleGlobal *known;

  if (!alexnet_pickle_item_is (args, 0, ALEXNET_PICKLE_GLOBAL) ||
      !alexnet_pickle_item_is (args, 2, ALEXNET_PICKLE_TUPLE))
    return TRUE;
  known = args->items[0]->global.known;
  return !known || known->make == make_from_type ||
      known->make (m, args->items[2], value, error);
}

/* (type, shape, letter): an array that state fills */
static gboolean
make_array (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  return make_empty (m, ALEXNET_PICKLE_ARRAY, value, error);
}

static gboolean
fill_array (AlexnetPickleValue *value, AlexnetPickleValue *shape,
    AlexnetPickleValue *dtype, AlexnetPickleValue *data, gboolean fortran)
{
  if (!all_sizes (shape) ||
      (data->kind != ALEXNET_PICKLE_BYTES &&
          data->kind != ALEXNET_PICKLE_STRING &&
          data->kind != ALEXNET_PICKLE_LIST))
    return FALSE;
  value->array.shape = shape;
  value->array.dtype = dtype;
  value->array.data = data;
  value->array.fortran = fortran;
  return TRUE;
}

/* (buffer, dtype, shape, order), of protocol 5 */
static gboolean
make_filled_array (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  AlexnetPickleValue *array;

  if (args->n_items != 4 ||
      !alexnet_pickle_item_is (args, 3, ALEXNET_PICKLE_STRING))
    return TRUE;
  array = alexnet_pickle_make (m, ALEXNET_PICKLE_ARRAY, error);
  if (!array)
    return FALSE;
  if (fill_array (array, args->items[2], args->items[1], args->items[0],
          g_str_equal (args->items[3]->string, "F")))
    *value = array;
  return TRUE;
}

/* The bytes of a text in Latin-1, made in its place; FALSE when it is none. */
static gboolean
encode (char *text, gsize *size)
{
  const char *end = text + *size;
  char *out = text;

  for (const char *p = text; p < end;) {
    gunichar c = g_utf8_get_char_validated (p, end - p);
    guint n = (guint8) *p < 0x80 ? 1 : 2;

    if (*p && c > 0xff)
      return FALSE;
    *out++ = *p ? (char) c : '\0';
    p += n;
  }
  *size = (gsize) (out - text);
  return TRUE;
}

/* A copy of what a STRING or BYTES holds; NULL when there is no memory for
 * it or it cannot be read. */
static char *
copy_text (AlexnetPickleMachine *m, const AlexnetPickleValue *text, gsize *size,
    GError **error)
{
  g_autofree char *copy = NULL;

  *size = text->kind == ALEXNET_PICKLE_STRING ? strlen (text->string)
                                              : text->bytes.size;
  copy = g_try_malloc (*size + 1);
  if (!copy) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "no memory for a string of %" G_GSIZE_FORMAT " bytes", *size);
    return NULL;
  }
  if (text->kind == ALEXNET_PICKLE_STRING)
    memcpy (copy, text->string, *size);
  else if (text->bytes.data)
    memcpy (copy, text->bytes.data, *size);
  else if (!alexnet_file_read (m->file, text->bytes.offset, copy, *size, error))
    return NULL;
  return g_steal_pointer (&copy);
}

/* How Python 3 writes bytes below protocol 3: (text, "latin1"). Each text is
 * encoded once. */
static gboolean
make_bytes (AlexnetPickleMachine *m, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error)
{
  const AlexnetPickleValue *text = args->n_items == 2 ? args->items[0] : NULL;
  g_autofree char *copy = NULL;
  gsize size;

  if (!text ||
      (text->kind != ALEXNET_PICKLE_STRING &&
          text->kind != ALEXNET_PICKLE_BYTES) ||
      !alexnet_pickle_item_is (args, 1, ALEXNET_PICKLE_STRING) ||
      (!g_str_equal (args->items[1]->string, "latin1") &&
          !g_str_equal (args->items[1]->string, "latin-1")))
    return TRUE;
  *value = g_hash_table_lookup (m->encoded, text);
  if (*value)
    return TRUE;
  copy = copy_text (m, text, &size, error);
  if (!copy)
    return FALSE;
  if (!encode (copy, &size))
    return TRUE;
  if (!make_empty (m, ALEXNET_PICKLE_BYTES, value, error))
    return FALSE;
  copy = g_realloc (copy, MAX (size, 1));
  (*value)->bytes.data = (const guint8 *) copy;
  (*value)->bytes.size = size;
  g_ptr_array_add (m->pickle->blocks, g_steal_pointer (&copy));
  g_hash_table_insert (m->encoded, (gpointer) text, *value);
  return TRUE;
}

static const AlexnetPickleGlobal globals[] = {
  { "collections.OrderedDict", make_dict },
  { "_codecs.encode", make_bytes },
  { "torch._utils._rebuild_tensor_v2", make_tensor },
  { "torch._utils._rebuild_tensor", make_tensor }, /* before 0.4 */
  { "torch._utils._rebuild_tensor_v3", make_typed_tensor },
  { "torch._utils._rebuild_parameter", make_first },
  { "torch._utils._rebuild_parameter_with_state", make_first },
  { "torch._utils._rebuild_device_tensor_from_numpy", make_first },
  { "torch._utils._rebuild_xla_tensor", make_first },
  { "torch._tensor._rebuild_from_type_v2", make_from_type },
  { "torch._tensor._rebuild_from_type", make_from_type },
  { "torch.tensor._rebuild_from_type", make_from_type }, /* before 1.9 */
  { "torch.nn.parameter.Parameter", make_parameter },    /* before 0.4 */
  { "torch.FloatTensor", make_empty_tensor },            /* early releases */
  { "torch.HalfTensor", make_empty_tensor },
  { "torch.DoubleTensor", make_empty_tensor },
  { "torch.cuda.FloatTensor", make_empty_tensor },
  { "torch.cuda.HalfTensor", make_empty_tensor },
  { "torch.cuda.DoubleTensor", make_empty_tensor },
  { "torch.jit._pickle.restore_type_tag", make_first }, /* TorchScript */
  { "torch.jit._pickle.build_tensorlist", make_first },
  { "torch.jit._pickle.build_intlist", make_first },
  { "torch.jit._pickle.build_doublelist", make_first },
  { "torch.jit._pickle.build_boollist", make_first },
  { "numpy.core.multiarray._reconstruct", make_array },
  { "numpy._core.multiarray._reconstruct", make_array },
  { "numpy.core.numeric._frombuffer", make_filled_array },
  { "numpy._core.numeric._frombuffer", make_filled_array },
};

const AlexnetPickleGlobal *
alexnet_pickle_find_global (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (globals); i++)
    if (g_str_equal (globals[i].name, name))
      return &globals[i];
  return NULL;
}

gboolean
alexnet_pickle_call (AlexnetPickleMachine *m, const AlexnetPickleGlobal *known,
    AlexnetPickleValue *args, AlexnetPickleValue **value, GError **error)
{
  *value = NULL;
  return known->make (m, args, value, error);
}

/* An array's is ([version,] shape, dtype, is_fortran, data). That of a tensor
 * of early releases is (storage, offset, size, stride), that of a parameter
 * (tensor, creator, hooks, requires_grad, volatile); any other says nothing
 * about values. */
void
alexnet_pickle_set_state (AlexnetPickleValue *value, AlexnetPickleValue *state)
{
  AlexnetPickleValue **items = state->items;

  if (state->kind != ALEXNET_PICKLE_TUPLE)
    return;
  if (value->kind == ALEXNET_PICKLE_ARRAY) {
    items += state->n_items == 5;
    if (state->n_items >= 4 && state->n_items <= 5)
      fill_array (value, items[0], items[1], items[3],
          items[2]->kind <= ALEXNET_PICKLE_INT && items[2]->integer);
  } else if (!value->tensor.args && is_tensor (state)) {
    value->tensor.args = state;
  } else if (!value->tensor.args &&
      alexnet_pickle_item_is (state, 0, ALEXNET_PICKLE_TENSOR)) {
    value->tensor = items[0]->tensor;
  }
}

/* ("storage", type, key, location, number of values); before PyTorch 1.6 also
 * None or the part that this is: (its key, begin, size). */
static gboolean
make_storage (AlexnetPickleMachine *m, const AlexnetPickleValue *id,
    const AlexnetTorchType *type, AlexnetPickleValue **value, GError **error)
{
  gint64 n = id->items[4]->integer, begin = 0, size = n;

  if (id->n_items > 5 && id->items[5]->kind != ALEXNET_PICKLE_NONE) {
    const AlexnetPickleValue *view = id->items[5];

    if (!alexnet_pickle_item_is (view, 1, ALEXNET_PICKLE_INT) ||
        !alexnet_pickle_item_is (view, 2, ALEXNET_PICKLE_INT))
      return TRUE;
    begin = view->items[1]->integer;
    size = view->items[2]->integer;
  }
  if (n < 0 || begin < 0 || begin > n || size < 0 || size > n - begin)
    return alexnet_format_error (error,
        "storage of %" G_GINT64_FORMAT
        " values, or a part of it of %" G_GINT64_FORMAT
        " from %" G_GINT64_FORMAT " on",
        n, size, begin);
  if (!make_empty (m, ALEXNET_PICKLE_STORAGE, value, error))
    return FALSE;
  (*value)->storage.type = type;
  (*value)->storage.key = id->items[2]->string;
  (*value)->storage.n_values = n;
  (*value)->storage.begin = begin;
  (*value)->storage.end = begin + size;
  return TRUE;
}

gboolean
alexnet_pickle_load (AlexnetPickleMachine *m, AlexnetPickleValue *id,
    AlexnetPickleValue **value, GError **error)
{
  const AlexnetTorchType *type;
  const char *what;

  *value = NULL;
  if (id->kind != ALEXNET_PICKLE_TUPLE || id->n_items < 2 ||
      !alexnet_pickle_item_is (id, 0, ALEXNET_PICKLE_STRING))
    return TRUE;
  what = id->items[0]->string;
  /* ("module", class, file, source): the class, with where it came from */
  if (g_str_equal (what, "module")) {
    *value = id->items[1];
    return TRUE;
  }
  type = find_type (id->items[1], TRUE);
  if (!g_str_equal (what, "storage") || !type ||
      !alexnet_pickle_item_is (id, 2, ALEXNET_PICKLE_STRING) ||
      !alexnet_pickle_item_is (id, 4, ALEXNET_PICKLE_INT))
    return TRUE;
  return make_storage (m, id, type, value, error);
}
