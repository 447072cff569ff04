/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "machine.h"

#include <string.h>

#define WINDOW ALEXNET_PICKLE_MAX_TEXT
#define MAX_VALUES (1u << 20)
#define MAX_ITEMS (1u << 21)
#define MAX_TEXTS (16u << 20)

G_STATIC_ASSERT (MAX_VALUES % ALEXNET_PICKLE_CHUNK == 0);

static gboolean
fill_window (AlexnetPickleMachine *m, GError **error)
{
  gsize size = (gsize) MIN (m->end - m->at, WINDOW);

  m->window_size = 0;
  if (!alexnet_file_read (m->file, m->at, m->window, size, error))
    return FALSE;
  m->window_begin = m->at;
  m->window_size = size;
  return TRUE;
}

/* Bytes of the window from m->at on. */
static gsize
window_left (const AlexnetPickleMachine *m)
{
  guint64 end = m->window_begin + m->window_size;

  return m->at >= m->window_begin && m->at < end ? (gsize) (end - m->at) : 0;
}

const guint8 *
alexnet_pickle_read (AlexnetPickleMachine *m, gsize n, GError **error)
{
  const guint8 *bytes;

  if (n > m->end - m->at) {
    alexnet_format_error (error, "ends too early");
    return NULL;
  }
  if (n > window_left (m) && !fill_window (m, error))
    return NULL;
  bytes = m->window + (m->at - m->window_begin);
  m->at += n;
  return bytes;
}

gboolean
alexnet_pickle_read_number (AlexnetPickleMachine *m, guint n, guint64 *number,
    GError **error)
{
  const guint8 *p = alexnet_pickle_read (m, n, error);

  if (!p)
    return FALSE;
  *number = 0;
  for (guint i = n; i-- > 0;)
    *number = *number << 8 | p[i];
  return TRUE;
}

gboolean
alexnet_pickle_skip (AlexnetPickleMachine *m, guint64 n, GError **error)
{
  if (n > m->end - m->at)
    return alexnet_format_error (error, "ends too early");
  m->at += n;
  return TRUE;
}

char *
alexnet_pickle_read_line (AlexnetPickleMachine *m, gsize *size, GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (;;) {
    const guint8 *begin, *end;
    gsize left = window_left (m);

    if (left == 0) {
      if (!alexnet_pickle_read (m, 1, error))
        return NULL;
      m->at--;
      left = window_left (m);
    }
    begin = m->window + (m->at - m->window_begin);
    end = memchr (begin, '\n', left);
    if (end) {
      g_string_append_len (line, (const char *) begin, end - begin);
      m->at += (gsize) (end - begin) + 1;
      *size = line->len;
      return g_string_free (g_steal_pointer (&line), FALSE);
    }
    g_string_append_len (line, (const char *) begin, (gssize) left);
    m->at += left;
  }
}

char *
alexnet_pickle_read_name (AlexnetPickleMachine *m, GError **error)
{
  gsize size;
  g_autofree char *line = alexnet_pickle_read_line (m, &size, error);

  if (!line)
    return NULL;
  if (size <= ALEXNET_PICKLE_MAX_TEXT &&
      g_utf8_validate (line, (gssize) size, NULL))
    return g_steal_pointer (&line);
  alexnet_format_error (error, "has a line that is not UTF-8 or too long");
  return NULL;
}

AlexnetPickleValue *
alexnet_pickle_make (AlexnetPickleMachine *m, AlexnetPickleKind kind,
    GError **error)
{
  AlexnetPickle *pickle = m->pickle;
  AlexnetPickleValue *value;

  if (pickle->n_values >= MAX_VALUES) {
    alexnet_format_error (error, "makes more than %u values", MAX_VALUES);
    return NULL;
  }
  if (pickle->n_values % ALEXNET_PICKLE_CHUNK == 0)
    g_ptr_array_add (pickle->chunks,
        g_new0 (AlexnetPickleValue, ALEXNET_PICKLE_CHUNK));
  value = alexnet_pickle_get (pickle, pickle->n_values++);
  value->kind = kind;
  return value;
}

gboolean
alexnet_pickle_push (AlexnetPickleMachine *m, AlexnetPickleValue *value,
    GError **error)
{
  if (m->stack->len >= MAX_VALUES)
    return alexnet_format_error (error, "has more than %u values on the stack",
        MAX_VALUES);
  g_ptr_array_add (m->stack, value);
  return TRUE;
}

AlexnetPickleValue *
alexnet_pickle_push_new (AlexnetPickleMachine *m, AlexnetPickleKind kind,
    GError **error)
{
  AlexnetPickleValue *value = alexnet_pickle_make (m, kind, error);

  return value && alexnet_pickle_push (m, value, error) ? value : NULL;
}

const char *
alexnet_pickle_keep (AlexnetPickleMachine *m, const char *text, gsize size,
    GError **error)
{
  if (size > MAX_TEXTS - m->n_text) {
    alexnet_format_error (error, "holds more than %u bytes of text", MAX_TEXTS);
    return NULL;
  }
  m->n_text += size;
  return g_string_chunk_insert_len (m->pickle->strings, text, (gssize) size);
}

/* Length of the stack below which the topmost mark hides all. */
static guint
stack_bottom (const AlexnetPickleMachine *m)
{
  return m->marks->len > 0 ? g_array_index (m->marks, guint, m->marks->len - 1)
                           : 0;
}

AlexnetPickleValue *
alexnet_pickle_top (AlexnetPickleMachine *m, GError **error)
{
  if (m->stack->len > stack_bottom (m))
    return m->stack->pdata[m->stack->len - 1];
  alexnet_format_error (error, "nothing is on the stack");
  return NULL;
}

AlexnetPickleValue *
alexnet_pickle_pop (AlexnetPickleMachine *m, GError **error)
{
  AlexnetPickleValue *value = alexnet_pickle_top (m, error);

  if (value)
    g_ptr_array_set_size (m->stack, (int) m->stack->len - 1);
  return value;
}

static gboolean
check_mark (const AlexnetPickleMachine *m, GError **error)
{
  return m->marks->len > 0 ||
      alexnet_format_error (error, "no mark is on the stack");
}

AlexnetPickleValue *
alexnet_pickle_below_mark (AlexnetPickleMachine *m, GError **error)
{
  guint at = stack_bottom (m), lowest = 0;

  if (!check_mark (m, error))
    return NULL;
  if (m->marks->len > 1)
    lowest = g_array_index (m->marks, guint, m->marks->len - 2);
  if (at > lowest)
    return m->stack->pdata[at - 1];
  alexnet_format_error (error, "nothing is below the mark");
  return NULL;
}

gboolean
alexnet_pickle_append (AlexnetPickleMachine *m, AlexnetPickleValue *container,
    AlexnetPickleValue *item, GError **error)
{
  guint n = container->n_items;

  if (m->n_items >= MAX_ITEMS)
    return alexnet_format_error (error, "holds more than %u items", MAX_ITEMS);
  /* There is room up to the next power of two. */
  if ((n & (n - 1)) == 0)
    container->items = g_renew (AlexnetPickleValue *, container->items,
        MAX (1, 2 * n));
  container->items[container->n_items++] = item;
  m->n_items++;
  return TRUE;
}

gboolean
alexnet_pickle_pop_mark (AlexnetPickleMachine *m, AlexnetPickleValue *container,
    GError **error)
{
  guint bottom = stack_bottom (m);

  if (!check_mark (m, error))
    return FALSE;
  for (guint i = bottom; i < m->stack->len; i++)
    if (!alexnet_pickle_append (m, container, m->stack->pdata[i], error))
      return FALSE;
  g_ptr_array_set_size (m->stack, (int) bottom);
  g_array_set_size (m->marks, m->marks->len - 1);
  return TRUE;
}

AlexnetPickleValue *
alexnet_pickle_pop_tuple (AlexnetPickleMachine *m, GError **error)
{
  AlexnetPickleValue *tuple = alexnet_pickle_make (m, ALEXNET_PICKLE_TUPLE,
      error);

  return tuple && alexnet_pickle_pop_mark (m, tuple, error) ? tuple : NULL;
}
