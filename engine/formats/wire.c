/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire.h"

#include <string.h>

#include "formats.h"

#define WINDOW 16384
#define MAX_FIELDS (1u << 20)
#define MAX_ITEMS 65536
#define MAX_RUNS 4096
#define MAX_STRING (1u << 20)
#define MAX_VARINT 10

typedef enum {
  TYPE_VARINT,
  TYPE_FIXED64,
  TYPE_BYTES,
  TYPE_GROUP,
  TYPE_END_GROUP,
  TYPE_FIXED32,
} Type;

struct _AlexnetWireReader {
  const AlexnetFile *file; /* NULL: the window is all there is */
  guint n_fields;
  guint64 begin; /* of the window */
  gsize size;
  const guint8 *window;
  guint8 buffer[WINDOW];
};

/* What is left of a message. */
typedef struct {
  AlexnetWireReader *reader;
  guint64 at, end;
} Cursor;

/* One field as it stands in the file. */
typedef struct {
  guint number;
  Type type;
  guint64 varint;         /* TYPE_VARINT */
  AlexnetWireRange range; /* of its value */
} Field;

static const struct {
  Type type;
  gboolean packable;
  guint width; /* of a number in a run */
} kinds[] = {
  [ALEXNET_WIRE_INT] = { TYPE_VARINT },
  [ALEXNET_WIRE_FLOAT] = { TYPE_FIXED32 },
  [ALEXNET_WIRE_STRING] = { TYPE_BYTES },
  [ALEXNET_WIRE_RANGE] = { TYPE_BYTES },
  [ALEXNET_WIRE_MESSAGE] = { TYPE_BYTES },
  [ALEXNET_WIRE_INTS] = { TYPE_VARINT, TRUE },
  [ALEXNET_WIRE_STRINGS] = { TYPE_BYTES },
  [ALEXNET_WIRE_RANGES] = { TYPE_BYTES },
  [ALEXNET_WIRE_FLOATS] = { TYPE_FIXED32, TRUE, 4 },
  [ALEXNET_WIRE_DOUBLES] = { TYPE_FIXED64, TRUE, 8 },
  [ALEXNET_WIRE_VARINTS] = { TYPE_VARINT, TRUE, 0 },
};

AlexnetWireReader *
alexnet_wire_reader_new (const AlexnetFile *file)
{
  AlexnetWireReader *reader = g_new0 (AlexnetWireReader, 1);

  reader->file = file;
  reader->window = reader->buffer;
  return reader;
}

void
alexnet_wire_reader_free (AlexnetWireReader *reader)
{
  g_free (reader);
}

static gboolean
refuse (guint64 at, const char *what, GError **error)
{
  return alexnet_format_error (error, "byte %" G_GUINT64_FORMAT ": %s", at,
      what);
}

static gboolean
move_window (AlexnetWireReader *reader, guint64 at, GError **error)
{
  guint64 size = reader->file ? alexnet_file_get_size (reader->file) : 0;

  if (at >= size)
    return refuse (at, "the file ends", error);
  reader->begin = at;
  reader->size = (gsize) MIN (size - at, WINDOW);
  if (alexnet_file_read (reader->file, at, reader->buffer, reader->size, error))
    return TRUE;
  reader->size = 0;
  return FALSE;
}

/* Copies bytes that lie near those read before. */
static gboolean
copy_bytes (AlexnetWireReader *reader, guint64 at, guint8 *out, gsize size,
    GError **error)
{
  while (size > 0) {
    gsize n;

    if (at - reader->begin >= reader->size && !move_window (reader, at, error))
      return FALSE;
    n = MIN (size, reader->size - (gsize) (at - reader->begin));
    memcpy (out, reader->window + (at - reader->begin), n);
    at += n;
    out += n;
    size -= n;
  }
  return TRUE;
}

static gboolean
next_byte (Cursor *cursor, guint8 *byte, GError **error)
{
  AlexnetWireReader *reader = cursor->reader;

  if (cursor->at >= cursor->end)
    return refuse (cursor->at, "the message ends within a number", error);
  if (cursor->at - reader->begin >= reader->size &&
      !move_window (reader, cursor->at, error))
    return FALSE;
  *byte = reader->window[cursor->at - reader->begin];
  cursor->at++;
  return TRUE;
}

static gboolean
next_varint (Cursor *cursor, guint64 *value, GError **error)
{
  guint64 begin = cursor->at;
  guint8 byte = 0;

  *value = 0;
  for (guint i = 0; i < MAX_VARINT; i++) {
    if (!next_byte (cursor, &byte, error))
      return FALSE;
    *value |= (guint64) (byte & 127) << 7 * i;
    if (byte < 128)
      return TRUE;
  }
  return refuse (begin, "a varint of more than 10 bytes", error);
}

static gboolean
read_tag (Cursor *cursor, Field *field, GError **error)
{
  guint64 begin = cursor->at, tag;

  if (++cursor->reader->n_fields > MAX_FIELDS)
    return refuse (begin, "more fields than any model has", error);
  if (!next_varint (cursor, &tag, error))
    return FALSE;
  if (tag >> 3 == 0 || tag > G_MAXUINT32)
    return refuse (begin, "no field has such a number", error);
  field->number = (guint) (tag >> 3);
  field->type = (Type) (tag & 7);
  if (field->type == TYPE_GROUP || field->type == TYPE_END_GROUP)
    return refuse (begin, "a group, which protobuf gave up", error);
  if (field->type > TYPE_FIXED32)
    return refuse (begin, "no field has such a wire type", error);
  return TRUE;
}

/* Of a field whose value ends behind its message, the outermost of which is the
 * file. */
static gboolean
refuse_size (const Cursor *cursor, const Field *field, GError **error)
{
  const AlexnetFile *file = cursor->reader->file;
  gboolean whole = file && cursor->end == alexnet_file_get_size (file);

  return alexnet_format_error (error,
      "byte %" G_GUINT64_FORMAT ": field %u of %" G_GUINT64_FORMAT
      " bytes, but %s ends after %" G_GUINT64_FORMAT "%s",
      cursor->at, field->number, field->range.size,
      whole ? "the file" : "its message", cursor->end - cursor->at,
      whole ? " of them; is it truncated?" : "");
}

/* Reads a tag and steps over the value behind it. */
static gboolean
next_field (Cursor *cursor, Field *field, GError **error)
{
  guint64 size = 0;

  if (!read_tag (cursor, field, error))
    return FALSE;
  field->range.offset = cursor->at;
  if (field->type == TYPE_VARINT) {
    if (!next_varint (cursor, &field->varint, error))
      return FALSE;
    field->range.size = cursor->at - field->range.offset;
    return TRUE;
  }
  if (field->type == TYPE_BYTES) {
    if (!next_varint (cursor, &size, error))
      return FALSE;
    field->range.offset = cursor->at;
  } else {
    size = field->type == TYPE_FIXED32 ? 4 : 8;
  }
  field->range.size = size;
  if (size > cursor->end - cursor->at)
    return refuse_size (cursor, field, error);
  cursor->at += size;
  return TRUE;
}

static const AlexnetWireField *
find_field (const AlexnetWireField *fields, guint number)
{
  for (; fields->number > 0; fields++)
    if (fields->number == number)
      return fields;
  return NULL;
}

static gboolean
has_type (const AlexnetWireField *wanted, Type type)
{
  return kinds[wanted->kind].type == type ||
      (kinds[wanted->kind].packable && type == TYPE_BYTES);
}

static gboolean
refuse_many (const Field *field, guint limit, GError **error)
{
  return alexnet_format_error (error,
      "byte %" G_GUINT64_FORMAT ": field %u is there more than %u times",
      field->range.offset, field->number, limit);
}

char *
alexnet_wire_read_string (AlexnetWireReader *reader,
    const AlexnetWireRange *range, GError **error)
{
  g_autofree char *text = NULL;

  if (range->size > MAX_STRING) {
    refuse (range->offset, "text of more than 1 MiB", error);
    return NULL;
  }
  text = g_malloc ((gsize) range->size + 1);
  text[range->size] = '\0';
  if (!copy_bytes (reader, range->offset, (guint8 *) text, (gsize) range->size,
          error))
    return NULL;
  if (!g_utf8_validate (text, (gssize) range->size, NULL)) {
    refuse (range->offset, "text that is not UTF-8", error);
    return NULL;
  }
  return g_steal_pointer (&text);
}

static gboolean
take_string (AlexnetWireReader *reader, const Field *field, char **member,
    GError **error)
{
  char *text = alexnet_wire_read_string (reader, &field->range, error);

  if (!text)
    return FALSE;
  g_free (*member);
  *member = text;
  return TRUE;
}

static gboolean
take_float (AlexnetWireReader *reader, const Field *field, float *member,
    GError **error)
{
  guint32 bits;

  if (!copy_bytes (reader, field->range.offset, (guint8 *) &bits, sizeof bits,
          error))
    return FALSE;
  bits = GUINT32_FROM_LE (bits);
  memcpy (member, &bits, sizeof bits);
  return TRUE;
}

static GArray *
ensure_array (GArray **member, guint item_size)
{
  if (!*member)
    *member = g_array_new (FALSE, FALSE, item_size);
  return *member;
}

static gboolean
take_ints (AlexnetWireReader *reader, const Field *field, GArray **member,
    GError **error)
{
  GArray *array = ensure_array (member, sizeof (gint64));
  Cursor cursor = { reader, field->range.offset,
    field->range.offset + field->range.size };
  guint64 value;

  while (cursor.at < cursor.end) {
    if (array->len >= MAX_ITEMS)
      return refuse_many (field, MAX_ITEMS, error);
    if (!next_varint (&cursor, &value, error))
      return FALSE;
    g_array_append_val (array, value);
  }
  return TRUE;
}

static gboolean
take_range (const Field *field, GArray **member, GError **error)
{
  GArray *array = ensure_array (member, sizeof (AlexnetWireRange));

  if (array->len >= MAX_ITEMS)
    return refuse_many (field, MAX_ITEMS, error);
  g_array_append_val (array, field->range);
  return TRUE;
}

static gboolean
take_strings (AlexnetWireReader *reader, const Field *field, GPtrArray **member,
    GError **error)
{
  char *text = NULL;

  if (!*member)
    *member = g_ptr_array_new_with_free_func (g_free);
  if ((*member)->len >= MAX_ITEMS)
    return refuse_many (field, MAX_ITEMS, error);
  if (!take_string (reader, field, &text, error))
    return FALSE;
  g_ptr_array_add (*member, text);
  return TRUE;
}

/* Makes a run longer by one number, when that lies where it should. */
static gboolean
extend_run (AlexnetWireRun *run, const AlexnetWireRange *range)
{
  guint64 last = run->offset + run->size - range->size;
  guint64 step = range->offset - last;

  if (range->offset < last || step > G_MAXUINT ||
      (run->size > range->size && step != run->step))
    return FALSE;
  run->step = (guint) step;
  run->size += step;
  return TRUE;
}

/* The file's size bounds how many numbers one run takes up. */
static gboolean
take_run (AlexnetWireReader *reader, const Field *field, guint width,
    GArray **member, GError **error)
{
  GArray *runs = ensure_array (member, sizeof (AlexnetWireRun));
  AlexnetWireRun run = { field->range.offset, field->range.size, width };
  gboolean single = field->type != TYPE_BYTES;

  if (width > 0 && run.size % width != 0)
    return refuse (run.offset, "numbers that end within one", error);
  if (run.size == 0)
    return TRUE;
  if (single && width > 0 && runs->len > 0 &&
      extend_run (&g_array_index (runs, AlexnetWireRun, runs->len - 1),
          &field->range)) {
    reader->n_fields--;
    return TRUE;
  }
  if (runs->len >= MAX_RUNS)
    return refuse_many (field, MAX_RUNS, error);
  g_array_append_val (runs, run);
  return TRUE;
}

static gboolean
take (AlexnetWireReader *reader, const Field *field,
    const AlexnetWireField *wanted, gpointer member, GError **error)
{
  switch (wanted->kind) {
    case ALEXNET_WIRE_INT:
      *(gint64 *) member = (gint64) field->varint;
      return TRUE;
    case ALEXNET_WIRE_FLOAT:
      return take_float (reader, field, member, error);
    case ALEXNET_WIRE_STRING:
      return take_string (reader, field, member, error);
    case ALEXNET_WIRE_RANGE:
      *(AlexnetWireRange *) member = field->range;
      return TRUE;
    case ALEXNET_WIRE_MESSAGE:
      return alexnet_wire_read (reader, &field->range, wanted->fields, member,
          error);
    case ALEXNET_WIRE_INTS:
      return take_ints (reader, field, member, error);
    case ALEXNET_WIRE_STRINGS:
      return take_strings (reader, field, member, error);
    case ALEXNET_WIRE_RANGES:
      return take_range (field, member, error);
    default:
      return take_run (reader, field, kinds[wanted->kind].width, member, error);
  }
}

gboolean
alexnet_wire_read (AlexnetWireReader *reader, const AlexnetWireRange *range,
    const AlexnetWireField *fields, gpointer message, GError **error)
{
  Cursor cursor = { reader, 0, alexnet_file_get_size (reader->file) };
  Field field;

  if (range) {
    cursor.at = range->offset;
    cursor.end = range->offset + range->size;
  }
  while (cursor.at < cursor.end) {
    const AlexnetWireField *wanted;

    if (!next_field (&cursor, &field, error))
      return FALSE;
    wanted = find_field (fields, field.number);
    if (!wanted)
      continue;
    if (!has_type (wanted, field.type))
      return alexnet_format_error (error,
          "byte %" G_GUINT64_FORMAT ": field %u has wire type %d, expected %d",
          field.range.offset, field.number, field.type,
          kinds[wanted->kind].type);
    if (!take (reader, &field, wanted, (guint8 *) message + wanted->offset,
            error))
      return FALSE;
  }
  return TRUE;
}

void
alexnet_wire_clear (const AlexnetWireField *fields, gpointer message)
{
  for (; fields->number > 0; fields++) {
    gpointer member = (guint8 *) message + fields->offset;

    switch (fields->kind) {
      case ALEXNET_WIRE_INT:
      case ALEXNET_WIRE_FLOAT:
      case ALEXNET_WIRE_RANGE:
        break;
      case ALEXNET_WIRE_STRING:
        g_clear_pointer ((char **) member, g_free);
        break;
      case ALEXNET_WIRE_MESSAGE:
        alexnet_wire_clear (fields->fields, member);
        break;
      case ALEXNET_WIRE_STRINGS:
        g_clear_pointer ((GPtrArray **) member, g_ptr_array_unref);
        break;
      default:
        g_clear_pointer ((GArray **) member, g_array_unref);
    }
  }
}

guint64
alexnet_wire_count (const GArray *runs, guint width)
{
  guint64 n = 0;

  for (guint i = 0; runs && i < runs->len; i++) {
    const AlexnetWireRun *run = &g_array_index (runs, AlexnetWireRun, i);

    n += (run->size - width) / run->step + 1;
  }
  return n;
}

/* Numbers that lie one by one, with tags between them. */
static gboolean
copy_spread (AlexnetWireReader *reader, const AlexnetWireRun *run, guint width,
    guint8 *out, GError **error)
{
  for (guint64 i = 0; i < run->size; i += run->step, out += width)
    if (!copy_bytes (reader, run->offset + i, out, width, error))
      return FALSE;
  return TRUE;
}

gboolean
alexnet_wire_copy (AlexnetWireReader *reader, const GArray *runs, guint width,
    void *out, GError **error)
{
  guint8 *next = out;

  for (guint i = 0; runs && i < runs->len; i++) {
    const AlexnetWireRun *run = &g_array_index (runs, AlexnetWireRun, i);
    gboolean ok = run->step == width
        ? alexnet_file_read (reader->file, run->offset, next, (gsize) run->size,
              error)
        : copy_spread (reader, run, width, next, error);

    if (!ok)
      return FALSE;
    next += ((run->size - width) / run->step + 1) * width;
  }
  return TRUE;
}

gboolean
alexnet_wire_copy_varints (AlexnetWireReader *reader, const GArray *runs,
    guint width, void *out, gsize n, GError **error)
{
  guint8 *next = out;
  gsize found = 0;
  guint64 value;

  for (guint i = 0; runs && i < runs->len; i++) {
    const AlexnetWireRun *run = &g_array_index (runs, AlexnetWireRun, i);
    Cursor cursor = { reader, run->offset, run->offset + run->size };

    for (; cursor.at < cursor.end; found++) {
      if (!next_varint (&cursor, &value, error))
        return FALSE;
      value = GUINT64_TO_LE (value);
      if (found < n)
        memcpy (next + found * width, &value, width);
    }
  }
  if (found == n)
    return TRUE;
  return alexnet_format_error (error,
      "%" G_GSIZE_FORMAT " values, expected %" G_GSIZE_FORMAT, found, n);
}

/* Whether a field that was not read whole is one whose length is known. */
static gboolean
is_cut (const AlexnetWireField *fields, const Cursor *cursor,
    const Field *field)
{
  const AlexnetWireField *wanted = find_field (fields, field->number);

  return field->type == TYPE_BYTES && wanted && has_type (wanted, TYPE_BYTES) &&
      cursor->at == field->range.offset;
}

gboolean
alexnet_wire_detect (const AlexnetWireField *fields, const guint8 *head,
    gsize size, guint64 file_size)
{
  AlexnetWireReader reader = { .size = size, .window = head };
  Cursor cursor = { &reader, 0, file_size };
  Field field;
  guint n = 0;

  for (; cursor.at < MIN (size, file_size); n++) {
    const AlexnetWireField *wanted;

    if (!next_field (&cursor, &field, NULL))
      return n >= 2 && (cursor.at >= size || is_cut (fields, &cursor, &field));
    wanted = find_field (fields, field.number);
    if (n < 2 && (!wanted || !has_type (wanted, field.type)))
      return FALSE;
  }
  return n > 0;
}
