/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* protobuf's wire format: what its encoding allows is read, whatever the order
 * and the packing; what it does not is one error that names the byte. */

#include <glib/gstdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/wire.h"
#include "support/cases.h"
#include "support/says.h"
#include "tensor/dtype.h"

typedef struct {
  gint64 i;
  float f;
} Inner;

typedef struct {
  gint64 i;
  float f;
  char *text;
  AlexnetWireRange bytes;
  Inner inner;
  GArray *ints;
  GPtrArray *texts;
  GArray *messages;
  GArray *floats, *doubles, *varints;
} Message;

static const AlexnetWireField inner_fields[] = {
  ALEXNET_WIRE_FIELD (1, INT, Inner, i),
  ALEXNET_WIRE_FIELD (2, FLOAT, Inner, f),
  { 0 },
};

static const AlexnetWireField fields[] = {
  ALEXNET_WIRE_FIELD (1, INT, Message, i),
  ALEXNET_WIRE_FIELD (2, FLOAT, Message, f),
  ALEXNET_WIRE_FIELD (3, STRING, Message, text),
  ALEXNET_WIRE_FIELD (4, RANGE, Message, bytes),
  ALEXNET_WIRE_SUB (5, Message, inner, inner_fields),
  ALEXNET_WIRE_FIELD (6, INTS, Message, ints),
  ALEXNET_WIRE_FIELD (7, STRINGS, Message, texts),
  ALEXNET_WIRE_FIELD (8, RANGES, Message, messages),
  ALEXNET_WIRE_FIELD (9, FLOATS, Message, floats),
  ALEXNET_WIRE_FIELD (10, DOUBLES, Message, doubles),
  ALEXNET_WIRE_FIELD (100, VARINTS, Message, varints),
  { 0 },
};

typedef struct {
  AlexnetFile *file;
  AlexnetWireReader *reader;
  Message message;
} Fixture;

static gboolean
read_bytes (Fixture *f, const void *data, gsize size, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  f->file = alexnet_file_new_from_bytes (bytes, "bytes");
  f->reader = alexnet_wire_reader_new (f->file);
  memset (&f->message, 0, sizeof f->message);
  return alexnet_wire_read (f->reader, NULL, fields, &f->message, error);
}

static void
clear (Fixture *f)
{
  alexnet_wire_clear (fields, &f->message);
  g_assert_null (f->message.text);
  g_assert_null (f->message.floats);
  alexnet_wire_reader_free (f->reader);
  alexnet_file_unref (f->file);
}

/* A fixture read from a literal, without its terminating zero. */
#define READ(f, literal)                                      \
  G_STMT_START                                                \
  {                                                           \
    g_autoptr (GError) read_error = NULL;                     \
                                                              \
    read_bytes (f, literal, sizeof literal - 1, &read_error); \
    g_assert_no_error (read_error);                           \
  }                                                           \
  G_STMT_END

static void
test_empty (void)
{
  Fixture f;

  READ (&f, "");
  g_assert_cmpint (f.message.i, ==, 0);
  clear (&f);
}

static void
test_scalars (void)
{
  Fixture f;

  /* The last of several counts; others are stepped over: field 15 as varint,
   * 16 as 8 bytes, 17 as bytes, 18 as 4 bytes. */
  READ (&f,
      "\x08\x05"
      "\x78\xff\x01"
      "\x81\x01"
      "12345678"
      "\x8a\x01\x03"
      "abc"
      "\x95\x01"
      "1234"
      "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
      "\x15\x00\x00\x80\x3f"
      "\x15\x00\x00\x20\xc0"
      "\x1a\x03"
      "old"
      "\x1a\x02"
      "\xc3\xa9"
      "\x22\x02"
      "\xff\xfe");
  g_assert_cmpint (f.message.i, ==, -1);
  g_assert_cmpfloat (f.message.f, ==, -2.5f);
  g_assert_cmpstr (f.message.text, ==, "\xc3\xa9");
  g_assert_cmpuint (f.message.bytes.size, ==, 2);
  clear (&f);
}

static void
test_messages_merge (void)
{
  Fixture f;

  READ (&f,
      "\x2a\x02\x08\x07"
      "\x2a\x05\x15\x00\x00\x80\x3f"
      "\x42\x00"
      "\x42\x02\x08\x01");
  g_assert_cmpint (f.message.inner.i, ==, 7);
  g_assert_cmpfloat (f.message.inner.f, ==, 1);
  g_assert_cmpuint (f.message.messages->len, ==, 2);
  g_assert_cmpuint (g_array_index (f.message.messages, AlexnetWireRange, 1)
                        .size,
      ==, 2);
  clear (&f);
}

static void
test_ints (void)
{
  static const gint64 expected[] = { 1, 300, -1, 4 };
  Fixture f;

  READ (&f,
      "\x30\x01"
      "\x32\x0c\xac\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
      "\x30\x04"
      "\x3a\x01"
      "a"
      "\x3a\x00");
  g_assert_cmpmem (f.message.ints->data, f.message.ints->len * sizeof (gint64),
      expected, sizeof expected);
  g_assert_cmpuint (f.message.texts->len, ==, 2);
  g_assert_cmpstr (f.message.texts->pdata[1], ==, "");
  clear (&f);
}

/* "\x4d" is a float of field 9 by itself, "\x4a" a packed piece of it. */
typedef struct {
  const char *name, *bytes;
  guint size, n_runs;
} Packing;

#define ONE "\x00\x00\x80\x3f"
#define TWO "\x00\x00\x00\x40"
#define FOUR "\x00\x00\x80\x40"
#define PACKING(name, bytes, n_runs)      \
  {                                       \
    name, bytes, sizeof bytes - 1, n_runs \
  }

static const Packing packings[] = {
  PACKING ("packed", "\x4a\x0c" ONE TWO FOUR, 1),
  PACKING ("one-by-one", "\x4d" ONE "\x4d" TWO "\x4d" FOUR, 1),
  PACKING ("in-runs", "\x4a\x04" ONE "\x4a\x00\x4a\x08" TWO FOUR, 2),
  PACKING ("mixed", "\x4a\x08" ONE TWO "\x08\x00\x4d" FOUR, 2),
  PACKING ("apart", "\x4d" ONE "\x08\x00\x4d" TWO "\x08\x00\x4d" FOUR, 1),
  PACKING ("uneven", "\x4d" ONE "\x4d" TWO "\x08\x00\x4d" FOUR, 2),
};

static void
test_packing (gconstpointer data)
{
  const Packing *packing = data;
  const float expected[] = { 1, 2, 4 };
  g_autoptr (GError) error = NULL;
  float found[3];
  Fixture f;

  read_bytes (&f, packing->bytes, packing->size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (f.message.floats->len, ==, packing->n_runs);
  g_assert_cmpuint (alexnet_wire_count (f.message.floats, 4), ==, 3);
  g_assert_true (alexnet_wire_copy (f.reader, f.message.floats, 4, found,
      &error));
  alexnet_dtype_to_float (ALEXNET_DTYPE_F32, found, found, 3);
  g_assert_cmpmem (found, sizeof found, expected, sizeof expected);
  clear (&f);
}

static void
test_varints (void)
{
  g_autoptr (GError) error = NULL;
  guint8 found[8];
  Fixture f;

  READ (&f, "\xa2\x06\x03\x80\xf8\x01\xa0\x06\x05\xa2\x06\x01\x06");
  g_assert_true (alexnet_wire_copy_varints (f.reader, f.message.varints, 2,
      found, 3, &error));
  g_assert_cmpmem (found, 6, "\x00\x7c\x05\x00\x06\x00", 6);
  g_assert_false (alexnet_wire_copy_varints (f.reader, f.message.varints, 2,
      found, 4, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  clear (&f);
}

/* Longer than what a reader holds of a file at a time. */
static void
test_windows (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strnfill (40000, 'x');
  Fixture f;

  for (guint i = 0; i < 9000; i++)
    g_byte_array_append (bytes, (const guint8 *) "\x4d" ONE, 5);
  g_byte_array_append (bytes, (const guint8 *) "\x1a\xc0\xb8\x02", 4);
  g_byte_array_append (bytes, (const guint8 *) text, 40000);
  g_byte_array_append (bytes, (const guint8 *) "\x08\x03", 2);
  read_bytes (&f, bytes->data, bytes->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (alexnet_wire_count (f.message.floats, 4), ==, 9000);
  g_assert_cmpuint (f.message.floats->len, ==, 1);
  g_assert_cmpstr (f.message.text, ==, text);
  g_assert_cmpint (f.message.i, ==, 3);
  clear (&f);
}

/* 5 GB with a hole, of which next to nothing is read. */
static void
test_beyond_4_gb (void)
{
  const guint64 size = G_GUINT64_CONSTANT (5) << 30;
  const char head[] = "\x4a\x80\x80\x80\x80\x14";
  g_autofree char *path = NULL;
  g_autoptr (AlexnetFile) file = NULL;
  g_autoptr (AlexnetWireReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  Message message = { 0 };
  int fd = g_file_open_tmp ("alexnet-wire-XXXXXX", &path, &error);

  g_assert_no_error (error);
  g_assert_cmpint (write (fd, head, sizeof head - 1), ==, sizeof head - 1);
  if (lseek (fd, (off_t) size, SEEK_CUR) < 0 ||
      write (fd, "\x08\x09", 2) != 2) {
    g_test_skip ("no files of that size here");
  } else {
    file = alexnet_file_open (path, &error);
    g_assert_no_error (error);
    reader = alexnet_wire_reader_new (file);
    alexnet_wire_read (reader, NULL, fields, &message, &error);
    g_assert_no_error (error);
    g_assert_cmpint (message.i, ==, 9);
    g_assert_cmpuint (alexnet_wire_count (message.floats, 4), ==, size / 4);
    alexnet_wire_clear (fields, &message);
  }
  close (fd);
  g_unlink (path);
}

typedef struct {
  const char *name, *bytes;
  guint size;
  const char *expected;
} Refusal;

#define REFUSAL(name, bytes, expected)      \
  {                                         \
    name, bytes, sizeof bytes - 1, expected \
  }

static const Refusal refusals[] = {
  REFUSAL ("varint/11-bytes",
      "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
      "byte 1: a varint of more than 10 bytes"),
  REFUSAL ("varint/ends", "\x08\xff", "byte 2: the message ends"),
  REFUSAL ("tag/11-bytes", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
      "byte 0: a varint of more than 10 bytes"),
  REFUSAL ("tag/zero", "\x00\x00", "byte 0: no field has such a number"),
  REFUSAL ("tag/large", "\xf8\xff\xff\xff\xff\x01\x00",
      "byte 0: no field has such a number"),
  REFUSAL ("tag/wire-type-6", "\x0e\x00", "byte 0: no field has such a wire"),
  REFUSAL ("group/begins", "\x7b\x08\x01\x7c", "byte 0: a group"),
  REFUSAL ("group/ends", "\x08\x01\x7c", "byte 2: a group"),
  REFUSAL ("length/beyond-end",
      "\x22\x05"
      "1234",
      "byte 2: field 4 of 5 bytes, but the file ends after 4 of them; is it "
      "truncated?"),
  REFUSAL ("length/2-to-the-64", "\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
      "field 4 of 18446744073709551615 bytes"),
  REFUSAL ("length/beyond-message", "\x2a\x02\x22\x01\x08\x01",
      "field 4 of 1 bytes, but its message ends after 0"),
  REFUSAL ("fixed/ends", "\x15\x00\x00", "field 2 of 4 bytes"),
  REFUSAL ("type/other", "\x0a\x01\x00", "field 1 has wire type 2, expected 0"),
  REFUSAL ("type/not-packable", "\x12\x04\x00\x00\x80\x3f",
      "field 2 has wire type 2, expected 5"),
  REFUSAL ("packed/float-cut", "\x4a\x05\x00\x00\x80\x3f\x00",
      "byte 2: numbers that end within one"),
  REFUSAL ("packed/int-cut", "\x32\x01\xff", "the message ends"),
  REFUSAL ("text/not-utf-8",
      "\x1a\x02"
      "\xc3"
      "a",
      "text that is not UTF-8"),
  REFUSAL ("text/zero",
      "\x1a\x03"
      "a\0b",
      "text that is not UTF-8"),
};

static void
test_refusal (gconstpointer data)
{
  const Refusal *refusal = data;
  g_autoptr (GError) error = NULL;
  Fixture f;

  g_assert_false (read_bytes (&f, refusal->bytes, refusal->size, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message, refusal->expected);
  clear (&f);
}

/* What would take time or memory when it is there many times. */
static const Refusal floods[] = {
  REFUSAL ("unknown", "\x78\x00", "more fields than any model has"),
  REFUSAL ("scalar", "\x08\x00", "more fields than any model has"),
  REFUSAL ("empty-message", "\x42\x00", "field 8 is there more than 65536"),
  REFUSAL ("empty-text", "\x3a\x00", "field 7 is there more than 65536"),
  REFUSAL ("text", "\x1a\x01z", "more fields than any model has"),
  REFUSAL ("int", "\x30\x00", "field 6 is there more than 65536"),
  REFUSAL ("ints", "\x32\x02\x00\x00", "field 6 is there more than 65536"),
  REFUSAL ("run", "\x4a\x04" ONE, "field 9 is there more than 4096"),
};

static void
test_flood (gconstpointer data)
{
  const Refusal *flood = data;
  const gsize n = 1200000;
  g_autofree char *bytes = g_malloc (n * flood->size);
  clock_t start;
  g_autoptr (GError) error = NULL;
  Fixture f;

  for (gsize i = 0; i < n; i++)
    memcpy (bytes + i * flood->size, flood->bytes, flood->size);
  start = clock ();
  g_assert_false (read_bytes (&f, bytes, n * flood->size, &error));
  g_assert_cmpint (clock () - start, <, 2 * CLOCKS_PER_SEC);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message, flood->expected);
  clear (&f);
}

typedef struct {
  const char *name, *bytes;
  guint size;
  guint64 file_size;
  gboolean expected;
} Detection;

#define DETECTION(name, bytes, file_size, expected)    \
  {                                                    \
    name, bytes, sizeof bytes - 1, file_size, expected \
  }

static const Detection detections[] = {
  DETECTION ("whole", "\x08\x01\x22\x00", 4, TRUE),
  DETECTION ("head", "\x08\x01\x22\x80\x01", 133, TRUE),
  DETECTION ("head-ends-in-length", "\x08\x01\x1a\x00\x22\x80", 200, TRUE),
  DETECTION ("too-long", "\x08\x01\x22\x80\x01", 132, FALSE),
  DETECTION ("unknown-first", "\x78\x01\x22\x00", 4, FALSE),
  DETECTION ("unknown-second", "\x08\x01\x78\x00", 4, FALSE),
  DETECTION ("unknown-third", "\x08\x01\x22\x00\x78\x00", 6, TRUE),
  DETECTION ("broken-third", "\x08\x01\x22\x00\x0f\x00", 6, FALSE),
  DETECTION ("cut-third", "\x08\x01\x08\x02\x22\x80\x01\x00", 100, TRUE),
  DETECTION ("cut-third-unknown", "\x08\x01\x08\x02\x7a\x80\x01\x00", 100,
      FALSE),
  DETECTION ("other-type", "\x0d\x01\x00\x00\x00\x22\x00", 7, FALSE),
  DETECTION ("empty", "", 0, FALSE),
  DETECTION ("html", "\n<!DOCTYPE html>\n<html><head><title>404 Not Found", 500,
      FALSE),
  DETECTION ("text", "version https://git-lfs.github.com/spec/v1\n", 130,
      FALSE),
};

static void
test_detection (gconstpointer data)
{
  const Detection *detection = data;
  g_autofree guint8 *head = g_memdup2 (detection->bytes, detection->size);

  g_assert_cmpint (alexnet_wire_detect (fields, head, detection->size,
                       detection->file_size),
      ==, detection->expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/empty", test_empty);
  g_test_add_func ("/wire/scalars", test_scalars);
  g_test_add_func ("/wire/messages-merge", test_messages_merge);
  g_test_add_func ("/wire/ints", test_ints);
  g_test_add_func ("/wire/varints", test_varints);
  g_test_add_func ("/wire/windows", test_windows);
  g_test_add_func ("/wire/beyond-4-gb", test_beyond_4_gb);
  ADD_NAMED_CASES ("/wire/packing", packings, test_packing);
  ADD_NAMED_CASES ("/wire/refusal", refusals, test_refusal);
  ADD_NAMED_CASES ("/wire/flood", floods, test_flood);
  ADD_NAMED_CASES ("/wire/detection", detections, test_detection);
  return g_test_run ();
}
