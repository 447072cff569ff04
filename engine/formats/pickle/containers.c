/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The opcodes that make and fill containers, and those that handle the stack
 * and the memo. */

#include "machine.h"

#define MAX_MEMO (1u << 20)

static gboolean
push_empty (AlexnetPickleMachine *m, guint kind, GError **error)
{
  return alexnet_pickle_push_new (m, (AlexnetPickleKind) kind, error) != NULL;
}

static gboolean
push_mark (AlexnetPickleMachine *m, guint argument, GError **error)
{
  if (m->marks->len >= MAX_MEMO)
    return alexnet_format_error (error, "has more than %u marks on the stack",
        MAX_MEMO);
  g_array_append_val (m->marks, m->stack->len);
  return TRUE;
}

/* A tuple, list, set or dict of what is above the mark. */
static gboolean
push_marked (AlexnetPickleMachine *m, guint kind, GError **error)
{
  AlexnetPickleValue *value = alexnet_pickle_make (m, (AlexnetPickleKind) kind,
      error);

  if (!value || !alexnet_pickle_pop_mark (m, value, error))
    return FALSE;
  if (kind == ALEXNET_PICKLE_DICT && value->n_items % 2 != 0)
    return alexnet_format_error (error, "makes a dict with a key alone");
  return alexnet_pickle_push (m, value, error);
}

/* A tuple of the n values on top. */
static gboolean
push_tuple (AlexnetPickleMachine *m, guint n, GError **error)
{
  AlexnetPickleValue *items[3], *tuple;

  for (guint i = n; i-- > 0;) {
    items[i] = alexnet_pickle_pop (m, error);
    if (!items[i])
      return FALSE;
  }
  tuple = alexnet_pickle_push_new (m, ALEXNET_PICKLE_TUPLE, error);
  for (guint i = 0; i < n && tuple; i++)
    if (!alexnet_pickle_append (m, tuple, items[i], error))
      return FALSE;
  return tuple != NULL;
}

/* Where items of a mapping go: a dict, or that of an object. */
static AlexnetPickleValue *
find_mapping (AlexnetPickleMachine *m, AlexnetPickleValue *value,
    GError **error)
{
  if (value->kind == ALEXNET_PICKLE_OBJECT) {
    if (!value->object.dict)
      value->object.dict = alexnet_pickle_make (m, ALEXNET_PICKLE_DICT, error);
    return value->object.dict;
  }
  if (value->kind == ALEXNET_PICKLE_DICT)
    return value;
  alexnet_format_error (error, "sets items of something else than a dict");
  return NULL;
}

static gboolean
set_item (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *value = alexnet_pickle_pop (m, error);
  AlexnetPickleValue *key = value ? alexnet_pickle_pop (m, error) : NULL;
  AlexnetPickleValue *target = key ? alexnet_pickle_top (m, error) : NULL;
  AlexnetPickleValue *dict = target ? find_mapping (m, target, error) : NULL;

  return dict && alexnet_pickle_append (m, dict, key, error) &&
      alexnet_pickle_append (m, dict, value, error);
}

static gboolean
set_items (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *target = alexnet_pickle_below_mark (m, error);
  AlexnetPickleValue *dict = target ? find_mapping (m, target, error) : NULL;

  if (!dict || !alexnet_pickle_pop_mark (m, dict, error))
    return FALSE;
  return dict->n_items % 2 == 0 ||
      alexnet_format_error (error, "adds a key without a value to a dict");
}

static gboolean
check_appendable (const AlexnetPickleValue *value, guint kind, GError **error)
{
  return value->kind == kind || value->kind == ALEXNET_PICKLE_OBJECT ||
      alexnet_format_error (error, "adds items to something else than a %s",
          kind == ALEXNET_PICKLE_SET ? "set" : "list");
}

static gboolean
append (AlexnetPickleMachine *m, guint kind, GError **error)
{
  AlexnetPickleValue *item = alexnet_pickle_pop (m, error);
  AlexnetPickleValue *target = item ? alexnet_pickle_top (m, error) : NULL;

  return target && check_appendable (target, kind, error) &&
      alexnet_pickle_append (m, target, item, error);
}

static gboolean
append_marked (AlexnetPickleMachine *m, guint kind, GError **error)
{
  AlexnetPickleValue *target = alexnet_pickle_below_mark (m, error);

  return target && check_appendable (target, kind, error) &&
      alexnet_pickle_pop_mark (m, target, error);
}

/* A mark counts as a value here. */
static gboolean
drop (AlexnetPickleMachine *m, guint argument, GError **error)
{
  guint n = m->marks->len;

  if (n > 0 && g_array_index (m->marks, guint, n - 1) == m->stack->len) {
    g_array_set_size (m->marks, n - 1);
    return TRUE;
  }
  return alexnet_pickle_pop (m, error) != NULL;
}

static gboolean
drop_marked (AlexnetPickleMachine *m, guint argument, GError **error)
{
  return alexnet_pickle_pop_tuple (m, error) != NULL;
}

static gboolean
duplicate (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *value = alexnet_pickle_top (m, error);

  return value && alexnet_pickle_push (m, value, error);
}

static gboolean
keep (AlexnetPickleMachine *m, guint64 index, GError **error)
{
  AlexnetPickleValue *value = alexnet_pickle_top (m, error);

  if (!value)
    return FALSE;
  if (index >= MAX_MEMO)
    return alexnet_format_error (error, "has a memo of more than %u values",
        MAX_MEMO);
  if (index >= m->memo->len)
    g_ptr_array_set_size (m->memo, (int) index + 1);
  m->n_memo += m->memo->pdata[index] == NULL;
  m->memo->pdata[index] = value;
  return TRUE;
}

static gboolean
recall (AlexnetPickleMachine *m, guint64 index, GError **error)
{
  if (index >= m->memo->len || !m->memo->pdata[index])
    return alexnet_format_error (error,
        "recalls value %" G_GUINT64_FORMAT ", which it never kept", index);
  return alexnet_pickle_push (m, m->memo->pdata[index], error);
}

static gboolean
put (AlexnetPickleMachine *m, guint n_bytes, GError **error)
{
  guint64 index;

  return alexnet_pickle_read_number (m, n_bytes, &index, error) &&
      keep (m, index, error);
}

static gboolean
get (AlexnetPickleMachine *m, guint n_bytes, GError **error)
{
  guint64 index;

  return alexnet_pickle_read_number (m, n_bytes, &index, error) &&
      recall (m, index, error);
}

static gboolean
memoize (AlexnetPickleMachine *m, guint argument, GError **error)
{
  return keep (m, m->n_memo, error);
}

static gboolean
read_index (AlexnetPickleMachine *m, guint64 *index, GError **error)
{
  g_autofree char *line = alexnet_pickle_read_name (m, error);

  if (!line)
    return FALSE;
  return g_ascii_string_to_unsigned (line, 10, 0, G_MAXUINT64, index, NULL) ||
      alexnet_format_error (error, "expected the index of a value");
}

static gboolean
put_text (AlexnetPickleMachine *m, guint argument, GError **error)
{
  guint64 index;

  return read_index (m, &index, error) && keep (m, index, error);
}

static gboolean
get_text (AlexnetPickleMachine *m, guint argument, GError **error)
{
  guint64 index;

  return read_index (m, &index, error) && recall (m, index, error);
}

const AlexnetPickleOpcode alexnet_pickle_container_opcodes[] = {
  { '(', "MARK", push_mark },
  { '0', "POP", drop },
  { '1', "POP_MARK", drop_marked },
  { '2', "DUP", duplicate },
  { ')', "EMPTY_TUPLE", push_empty, ALEXNET_PICKLE_TUPLE },
  { ']', "EMPTY_LIST", push_empty, ALEXNET_PICKLE_LIST },
  { '}', "EMPTY_DICT", push_empty, ALEXNET_PICKLE_DICT },
  { 0x8f, "EMPTY_SET", push_empty, ALEXNET_PICKLE_SET },
  { 't', "TUPLE", push_marked, ALEXNET_PICKLE_TUPLE },
  { 'l', "LIST", push_marked, ALEXNET_PICKLE_LIST },
  { 'd', "DICT", push_marked, ALEXNET_PICKLE_DICT },
  { 0x91, "FROZENSET", push_marked, ALEXNET_PICKLE_SET },
  { 0x85, "TUPLE1", push_tuple, 1 },
  { 0x86, "TUPLE2", push_tuple, 2 },
  { 0x87, "TUPLE3", push_tuple, 3 },
  { 'a', "APPEND", append, ALEXNET_PICKLE_LIST },
  { 'e', "APPENDS", append_marked, ALEXNET_PICKLE_LIST },
  { 0x90, "ADDITEMS", append_marked, ALEXNET_PICKLE_SET },
  { 's', "SETITEM", set_item },
  { 'u', "SETITEMS", set_items },
  { 'p', "PUT", put_text },
  { 'q', "BINPUT", put, 1 },
  { 'r', "LONG_BINPUT", put, 4 },
  { 0x94, "MEMOIZE", memoize },
  { 'g', "GET", get_text },
  { 'h', "BINGET", get, 1 },
  { 'j', "LONG_BINGET", get, 4 },
  { 0 },
};
