/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pickle.h"

#include <string.h>

#define MAX_SIZE (16u << 20)
#define MAX_VALUES (1u << 20)
#define PROTOCOL 2

typedef struct {
  const guint8 *data;
  gsize size, at;
  GPtrArray *values; /* owns every value */
  GPtrArray *stack, *memo;
} Machine;

typedef gboolean (*Opcode) (Machine *m, GError **error);

static void
value_free (gpointer data)
{
  AlexnetPickleValue *value = data;

  g_free (value->string);
  g_clear_pointer (&value->bytes, g_bytes_unref);
  g_clear_pointer (&value->items, g_ptr_array_unref);
  g_free (value);
}

void
alexnet_pickle_free (AlexnetPickle *pickle)
{
  if (!pickle)
    return;
  g_ptr_array_unref (pickle->values);
  g_free (pickle);
}

const AlexnetPickleValue *
alexnet_pickle_lookup (const AlexnetPickleValue *dict, const char *key)
{
  if (dict->kind != ALEXNET_PICKLE_DICT)
    return NULL;
  for (guint i = 0; i + 1 < dict->items->len; i += 2) {
    const AlexnetPickleValue *k = dict->items->pdata[i];

    if (k->kind == ALEXNET_PICKLE_STRING && g_str_equal (k->string, key))
      return dict->items->pdata[i + 1];
  }
  return NULL;
}

/* MAX_VALUES is checked before each opcode; none makes more
 * than one value. */
static AlexnetPickleValue *
push (Machine *m, AlexnetPickleKind kind)
{
  AlexnetPickleValue *value = g_new0 (AlexnetPickleValue, 1);

  value->kind = kind;
  if (kind == ALEXNET_PICKLE_DICT || kind == ALEXNET_PICKLE_LIST ||
      kind == ALEXNET_PICKLE_TUPLE)
    value->items = g_ptr_array_new ();
  g_ptr_array_add (m->values, value);
  g_ptr_array_add (m->stack, value);
  return value;
}

static AlexnetPickleValue *
top (Machine *m, GError **error)
{
  AlexnetPickleValue *value = m->stack->len > 0
      ? m->stack->pdata[m->stack->len - 1]
      : NULL;

  if (value && value->kind != ALEXNET_PICKLE_MARK)
    return value;
  alexnet_format_error (error, "nothing is on the stack");
  return NULL;
}

static AlexnetPickleValue *
pop (Machine *m, GError **error)
{
  AlexnetPickleValue *value = top (m, error);

  if (value)
    g_ptr_array_set_size (m->stack, (int) m->stack->len - 1);
  return value;
}

/* Index on the stack of the topmost mark, or -1. */
static int
find_mark (Machine *m, GError **error)
{
  for (int i = (int) m->stack->len - 1; i >= 0; i--) {
    const AlexnetPickleValue *value = m->stack->pdata[i];

    if (value->kind == ALEXNET_PICKLE_MARK)
      return i;
  }
  alexnet_format_error (error, "no mark is on the stack");
  return -1;
}

/* Moves what lies above the mark to `items` and drops the mark. */
static void
take_items (Machine *m, int mark, GPtrArray *items)
{
  for (guint i = (guint) mark + 1; i < m->stack->len; i++)
    g_ptr_array_add (items, m->stack->pdata[i]);
  g_ptr_array_set_size (m->stack, mark);
}

static const guint8 *
read_bytes (Machine *m, gsize n, GError **error)
{
  const guint8 *p = m->data + m->at;

  if (n > m->size - m->at) {
    alexnet_format_error (error, "ends too early");
    return NULL;
  }
  m->at += n;
  return p;
}

/* An unsigned little-endian number of at most 4 bytes. */
static gboolean
read_number (Machine *m, guint n, guint32 *number, GError **error)
{
  const guint8 *p = read_bytes (m, n, error);

  if (!p)
    return FALSE;
  *number = 0;
  for (guint i = 0; i < n; i++)
    *number |= (guint32) p[i] << 8 * i;
  return TRUE;
}

static gboolean
push_unsigned (Machine *m, guint n_bytes, GError **error)
{
  guint32 number;

  if (!read_number (m, n_bytes, &number, error))
    return FALSE;
  push (m, ALEXNET_PICKLE_INT)->integer = number;
  return TRUE;
}

static gboolean
push_string (Machine *m, guint n_bytes, GError **error)
{
  guint32 length;
  const guint8 *p;

  if (!read_number (m, n_bytes, &length, error))
    return FALSE;
  p = read_bytes (m, length, error);
  if (!p)
    return FALSE;
  if (!g_utf8_validate ((const char *) p, (gssize) length, NULL))
    return alexnet_format_error (error, "has a string that is not UTF-8");
  push (m, ALEXNET_PICKLE_STRING)->string = g_strndup ((const char *) p,
      length);
  return TRUE;
}

static gboolean
run_proto (Machine *m, GError **error)
{
  guint32 protocol;

  if (!read_number (m, 1, &protocol, error))
    return FALSE;
  if (protocol != PROTOCOL)
    return alexnet_format_error (error,
        "has protocol %u, expected torch.save()'s %d", protocol, PROTOCOL);
  return TRUE;
}

static gboolean
run_none (Machine *m, GError **error)
{
  push (m, ALEXNET_PICKLE_NONE);
  return TRUE;
}

static gboolean
run_true (Machine *m, GError **error)
{
  push (m, ALEXNET_PICKLE_BOOL)->integer = TRUE;
  return TRUE;
}

static gboolean
run_false (Machine *m, GError **error)
{
  push (m, ALEXNET_PICKLE_BOOL)->integer = FALSE;
  return TRUE;
}

static gboolean
run_binint (Machine *m, GError **error)
{
  guint32 number;

  if (!read_number (m, 4, &number, error))
    return FALSE;
  push (m, ALEXNET_PICKLE_INT)->integer = (gint32) number;
  return TRUE;
}

static gboolean
run_binint1 (Machine *m, GError **error)
{
  return push_unsigned (m, 1, error);
}

static gboolean
run_binint2 (Machine *m, GError **error)
{
  return push_unsigned (m, 2, error);
}

static gboolean
run_long1 (Machine *m, GError **error)
{
  guint32 n;
  const guint8 *p;
  guint64 bits;

  if (!read_number (m, 1, &n, error))
    return FALSE;
  p = read_bytes (m, n, error);
  if (!p)
    return FALSE;
  if (n > sizeof bits) {
    push (m, ALEXNET_PICKLE_LONG)->bytes = g_bytes_new (p, n);
    return TRUE;
  }
  bits = n > 0 && p[n - 1] & 0x80 ? G_MAXUINT64 : 0;
  for (guint i = n; i-- > 0;)
    bits = bits << 8 | p[i];
  push (m, ALEXNET_PICKLE_INT)->integer = (gint64) bits;
  return TRUE;
}

static gboolean
run_binunicode (Machine *m, GError **error)
{
  return push_string (m, 4, error);
}

static gboolean
run_short_binstring (Machine *m, GError **error)
{
  return push_string (m, 1, error);
}

static gboolean
run_empty_dict (Machine *m, GError **error)
{
  push (m, ALEXNET_PICKLE_DICT);
  return TRUE;
}

static gboolean
run_empty_list (Machine *m, GError **error)
{
  push (m, ALEXNET_PICKLE_LIST);
  return TRUE;
}

static gboolean
run_empty_tuple (Machine *m, GError **error)
{
  push (m, ALEXNET_PICKLE_TUPLE);
  return TRUE;
}

static gboolean
run_mark (Machine *m, GError **error)
{
  push (m, ALEXNET_PICKLE_MARK);
  return TRUE;
}

static gboolean
run_tuple (Machine *m, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  AlexnetPickleValue *tuple;
  int mark = find_mark (m, error);

  if (mark < 0)
    return FALSE;
  take_items (m, mark, items);
  tuple = push (m, ALEXNET_PICKLE_TUPLE);
  g_ptr_array_extend (tuple->items, items, NULL, NULL);
  return TRUE;
}

static gboolean
push_tuple (Machine *m, guint n, GError **error)
{
  AlexnetPickleValue *items[3], *tuple;

  for (guint i = n; i-- > 0;) {
    items[i] = pop (m, error);
    if (!items[i])
      return FALSE;
  }
  tuple = push (m, ALEXNET_PICKLE_TUPLE);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (tuple->items, items[i]);
  return TRUE;
}

static gboolean
run_tuple1 (Machine *m, GError **error)
{
  return push_tuple (m, 1, error);
}

static gboolean
run_tuple2 (Machine *m, GError **error)
{
  return push_tuple (m, 2, error);
}

static gboolean
run_tuple3 (Machine *m, GError **error)
{
  return push_tuple (m, 3, error);
}

/* Adds what lies above `mark` to the list or dict right below it. */
static gboolean
extend (Machine *m, AlexnetPickleKind kind, int mark, GError **error)
{
  AlexnetPickleValue *target = mark > 0 ? m->stack->pdata[mark - 1] : NULL;
  guint n = m->stack->len - (guint) mark - 1;

  if (!target || target->kind != kind)
    return alexnet_format_error (error,
        "adds items to something else than a %s",
        kind == ALEXNET_PICKLE_DICT ? "dict" : "list");
  if (kind == ALEXNET_PICKLE_DICT && n % 2 != 0)
    return alexnet_format_error (error, "adds a key without a value to a dict");
  take_items (m, mark, target->items);
  return TRUE;
}

static gboolean
extend_from_mark (Machine *m, AlexnetPickleKind kind, GError **error)
{
  int mark = find_mark (m, error);

  return mark >= 0 && extend (m, kind, mark, error);
}

static gboolean
run_setitems (Machine *m, GError **error)
{
  return extend_from_mark (m, ALEXNET_PICKLE_DICT, error);
}

static gboolean
run_appends (Machine *m, GError **error)
{
  return extend_from_mark (m, ALEXNET_PICKLE_LIST, error);
}

static gboolean
run_setitem (Machine *m, GError **error)
{
  AlexnetPickleValue *value = pop (m, error);
  AlexnetPickleValue *key = value ? pop (m, error) : NULL;
  AlexnetPickleValue *dict = key ? top (m, error) : NULL;

  if (!dict)
    return FALSE;
  if (dict->kind != ALEXNET_PICKLE_DICT)
    return alexnet_format_error (error, "sets an item of no dict");
  g_ptr_array_add (dict->items, key);
  g_ptr_array_add (dict->items, value);
  return TRUE;
}

static gboolean
run_append (Machine *m, GError **error)
{
  AlexnetPickleValue *value = pop (m, error);
  AlexnetPickleValue *list = value ? top (m, error) : NULL;

  if (!list)
    return FALSE;
  if (list->kind != ALEXNET_PICKLE_LIST)
    return alexnet_format_error (error, "appends to no list");
  g_ptr_array_add (list->items, value);
  return TRUE;
}

static gboolean
put (Machine *m, guint n_bytes, GError **error)
{
  AlexnetPickleValue *value = top (m, error);
  guint32 index;

  if (!value || !read_number (m, n_bytes, &index, error))
    return FALSE;
  if (index >= MAX_VALUES)
    return alexnet_format_error (error, "has a memo of more than %u values",
        MAX_VALUES);
  if (index >= m->memo->len)
    g_ptr_array_set_size (m->memo, (int) index + 1);
  m->memo->pdata[index] = value;
  return TRUE;
}

static gboolean
run_binput (Machine *m, GError **error)
{
  return put (m, 1, error);
}

static gboolean
run_long_binput (Machine *m, GError **error)
{
  return put (m, 4, error);
}

static gboolean
get (Machine *m, guint n_bytes, GError **error)
{
  guint32 index;

  if (!read_number (m, n_bytes, &index, error))
    return FALSE;
  if (index >= m->memo->len || !m->memo->pdata[index])
    return alexnet_format_error (error, "recalls value %u, which it never kept",
        index);
  g_ptr_array_add (m->stack, m->memo->pdata[index]);
  return TRUE;
}

static gboolean
run_binget (Machine *m, GError **error)
{
  return get (m, 1, error);
}

static gboolean
run_long_binget (Machine *m, GError **error)
{
  return get (m, 4, error);
}

/* The text up to the next line feed. */
static char *
read_line (Machine *m, GError **error)
{
  const guint8 *begin = m->data + m->at;
  const guint8 *end = memchr (begin, '\n', m->size - m->at);

  if (!end) {
    alexnet_format_error (error, "ends too early");
    return NULL;
  }
  m->at += (gsize) (end - begin) + 1;
  return g_strndup ((const char *) begin, (gsize) (end - begin));
}

static gboolean
run_global (Machine *m, GError **error)
{
  g_autofree char *module = read_line (m, error);
  g_autofree char *name = module ? read_line (m, error) : NULL;

  if (!name)
    return FALSE;
  return alexnet_pickle_find_global (push (m, ALEXNET_PICKLE_NONE), module,
      name, error);
}

static gboolean
run_binpersid (Machine *m, GError **error)
{
  AlexnetPickleValue *id = pop (m, error);

  return id &&
      alexnet_pickle_load_storage (push (m, ALEXNET_PICKLE_NONE), id, error);
}

static gboolean
run_reduce (Machine *m, GError **error)
{
  AlexnetPickleValue *args = pop (m, error);
  AlexnetPickleValue *callable = args ? pop (m, error) : NULL;

  return callable &&
      alexnet_pickle_reduce (push (m, ALEXNET_PICKLE_NONE), callable, args,
          error);
}

static gboolean
run_build (Machine *m, GError **error)
{
  AlexnetPickleValue *state = pop (m, error);
  AlexnetPickleValue *object = state ? top (m, error) : NULL;

  return object && alexnet_pickle_build (object, state, error);
}

/* Names after Python's pickletools. */
static const Opcode opcodes[256] = {
  [0x80] = run_proto,
  ['N'] = run_none,
  [0x88] = run_true,
  [0x89] = run_false,
  ['J'] = run_binint,
  ['K'] = run_binint1,
  ['M'] = run_binint2,
  [0x8a] = run_long1,
  ['X'] = run_binunicode,
  ['T'] = run_binunicode, /* BINSTRING, Python 2 */
  ['U'] = run_short_binstring,
  ['}'] = run_empty_dict,
  [']'] = run_empty_list,
  [')'] = run_empty_tuple,
  ['('] = run_mark,
  ['t'] = run_tuple,
  [0x85] = run_tuple1,
  [0x86] = run_tuple2,
  [0x87] = run_tuple3,
  ['s'] = run_setitem,
  ['u'] = run_setitems,
  ['a'] = run_append,
  ['e'] = run_appends,
  ['q'] = run_binput,
  ['r'] = run_long_binput,
  ['h'] = run_binget,
  ['j'] = run_long_binget,
  ['c'] = run_global,
  ['Q'] = run_binpersid,
  ['R'] = run_reduce,
  [0x81] = run_reduce, /* NEWOBJ */
  ['b'] = run_build,
};

static gboolean
run_one (Machine *m, guint8 code, GError **error)
{
  if (!opcodes[code])
    return alexnet_format_error (error,
        "has opcode 0x%02x, which no state_dict needs", code);
  if (m->values->len >= MAX_VALUES || m->stack->len >= MAX_VALUES)
    return alexnet_format_error (error, "makes more than %u values",
        MAX_VALUES);
  return opcodes[code](m, error);
}

/* Runs up to and with STOP; the value that is left. */
static const AlexnetPickleValue *
run (Machine *m, GError **error)
{
  const guint8 *code;
  gsize at = 0;

  do {
    at = m->at;
    code = read_bytes (m, 1, error);
    if (!code)
      break;
    if (*code == '.') {
      const AlexnetPickleValue *root = pop (m, error);

      if (root)
        return root;
      break;
    }
  } while (run_one (m, *code, error));

  g_prefix_error (error, "pickle at byte %" G_GSIZE_FORMAT ": ", at);
  return NULL;
}

AlexnetPickle *
alexnet_pickle_new (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GPtrArray) stack = g_ptr_array_new ();
  g_autoptr (GPtrArray) memo = g_ptr_array_new ();
  g_autoptr (AlexnetPickle) pickle = g_new0 (AlexnetPickle, 1);
  Machine m = {
    .data = data, .size = MIN (size, MAX_SIZE), .stack = stack, .memo = memo
  };

  m.values = pickle->values = g_ptr_array_new_with_free_func (value_free);
  pickle->root = run (&m, error);
  if (!pickle->root)
    return NULL;
  pickle->size = m.at;
  return g_steal_pointer (&pickle);
}
