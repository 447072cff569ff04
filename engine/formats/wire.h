/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* protobuf's wire format, as ONNX and Caffe use it (encoding: protobuf.dev).
 * A const table says which fields of a message are wanted and where in a
 * struct they go; the others are passed over without being read. Tables hold
 * no circle, so how deep messages may nest is what they say, whatever the file
 * does. Values of tensors are never read here: where they lie is noted.
 *
 * As protobuf has it, fields come in any order, the last of several scalars
 * counts, several of a message are merged, repeated numbers come packed, one by
 * one or both. Groups (of protobuf 1), varints of more than 10 bytes, lengths
 * beyond the end of a message, a wanted field of another type, text that is not
 * UTF-8 or longer than 1 MiB, more than 65,536 of a repeated field, numbers in
 * more than 4,096 runs and files of more than 2^20 fields are a FORMAT error
 * that names the byte. */

#ifndef ALEXNET_WIRE_H
#define ALEXNET_WIRE_H

#include "tensor/file.h"

G_BEGIN_DECLS

/* Bytes of a file; an offset of 0: the field is not there. */
typedef struct {
  guint64 offset, size;
} AlexnetWireRange;

/* Numbers of a repeated field that lie at equal distances. */
typedef struct {
  guint64 offset, size; /* from the first one to the end of the last */
  guint step;           /* bytes from one to the next; VARINTS: 0 */
} AlexnetWireRun;

/* What a field is, and in parentheses its member in the struct. */
typedef enum {
  ALEXNET_WIRE_INT,     /* any varint (gint64) */
  ALEXNET_WIRE_FLOAT,   /* (float) */
  ALEXNET_WIRE_STRING,  /* (char *) */
  ALEXNET_WIRE_RANGE,   /* bytes, a message to read later
                           (AlexnetWireRange) */
  ALEXNET_WIRE_MESSAGE, /* (the struct that `fields` is about) */
  ALEXNET_WIRE_INTS,    /* (GArray * of gint64) */
  ALEXNET_WIRE_STRINGS, /* (GPtrArray * of char *) */
  ALEXNET_WIRE_RANGES,  /* (GArray * of AlexnetWireRange) */
  ALEXNET_WIRE_FLOATS,  /* 4 bytes each (GArray * of AlexnetWireRun) */
  ALEXNET_WIRE_DOUBLES, /* 8 bytes each, likewise */
  ALEXNET_WIRE_VARINTS, /* likewise */
} AlexnetWireKind;

typedef struct _AlexnetWireField AlexnetWireField;

/* Tables end with a number of 0. */
struct _AlexnetWireField {
  guint number;
  AlexnetWireKind kind;
  gsize offset; /* of the member */
  const AlexnetWireField *fields;
};

/* {number, kind, struct, member}; {number, struct, member, its own table} */
#define ALEXNET_WIRE_FIELD(number, kind, type, member)                \
  {                                                                   \
    number, ALEXNET_WIRE_##kind, G_STRUCT_OFFSET (type, member), NULL \
  }
#define ALEXNET_WIRE_SUB(number, type, member, fields)                   \
  {                                                                      \
    number, ALEXNET_WIRE_MESSAGE, G_STRUCT_OFFSET (type, member), fields \
  }

/* A file and a window of it; one thread at a time. */
typedef struct _AlexnetWireReader AlexnetWireReader;

/* Borrows `file`. */
AlexnetWireReader *alexnet_wire_reader_new (const AlexnetFile *file);
void alexnet_wire_reader_free (AlexnetWireReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetWireReader, alexnet_wire_reader_free)

/* Reads a message (NULL: the file is one) into a struct, whose members hold
 * the defaults and pointers to nothing. Clear it, also after an error. */
gboolean alexnet_wire_read (AlexnetWireReader *reader,
    const AlexnetWireRange *range, const AlexnetWireField *fields,
    gpointer message, GError **error);

/* Frees what the members hold and sets those to NULL. */
void alexnet_wire_clear (const AlexnetWireField *fields, gpointer message);

/* Reads a range as text. NULL as for a STRING. */
char *alexnet_wire_read_string (AlexnetWireReader *reader,
    const AlexnetWireRange *range, GError **error);

/* How many numbers of `width` bytes the runs (NULL: none) have. */
guint64 alexnet_wire_count (const GArray *runs, guint width);

/* Copies them, as they are in the file; `width` 4 for FLOATS, 8 for DOUBLES.
 * `out` holds as many as alexnet_wire_count() says. */
gboolean alexnet_wire_copy (AlexnetWireReader *reader, const GArray *runs,
    guint width, void *out, GError **error);

/* The lowest `width` (1, 2, 4 or 8) bytes of each of `n` VARINTS,
 * little-endian. FORMAT when there are not as many. */
gboolean alexnet_wire_copy_varints (AlexnetWireReader *reader,
    const GArray *runs, guint width, void *out, gsize n, GError **error);

/* Whether the first bytes of a file can be a message: all of its fields keep
 * to the format, and the first two are ones that the table has. One that it has
 * may end behind the file, which then is truncated. */
gboolean alexnet_wire_detect (const AlexnetWireField *fields,
    const guint8 *head, gsize size, guint64 file_size);

G_END_DECLS

#endif /* ALEXNET_WIRE_H */
