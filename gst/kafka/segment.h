/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A part of a spool: messages one after the other, in a file or in memory. Each
 * is its length and its CRC-32 (RFC 1952), 4 bytes little-endian each, then its
 * bytes; so one that was not written to its end is known.
 *
 * Errors are GST_RESOURCE_ERROR's and name the file. Thread-safety: one thread
 * at a time. */

#ifndef GST_ALEXNET_SEGMENT_H
#define GST_ALEXNET_SEGMENT_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Bytes that a message takes beside its own. */
#define GST_ALEXNET_SEGMENT_HEADER 8

typedef struct {
  guint64 number;    /* in the order of time, and the name of the file */
  char *path;        /* NULL: in memory */
  int fd;            /* -1: not open */
  GByteArray *bytes; /* in memory */
  guint64 size;      /* bytes of whole messages */

  /* The first of the messages are acknowledged, the next ones are taken. */
  guint n, n_taken, n_acknowledged;
} GstAlexnetSegment;

/* An empty one; without a directory, in memory. The file is made for its first
 * message. */
GstAlexnetSegment *gst_alexnet_segment_new (const char *directory,
    guint64 number);

/* The file stays. */
void gst_alexnet_segment_free (GstAlexnetSegment *segment);
gboolean gst_alexnet_segment_remove (GstAlexnetSegment *segment,
    GError **error);

/* Counts what is in the file of an earlier run; the first messages, up to the
 * byte `acknowledged` if one ends there, are. `torn`: the last one is not
 * whole, and counts as none. */
gboolean gst_alexnet_segment_load (GstAlexnetSegment *segment,
    guint64 acknowledged, gboolean *torn, GError **error);

/* Writes all of a message or, on failure, nothing. */
gboolean gst_alexnet_segment_append (GstAlexnetSegment *segment,
    GBytes *message, GError **error);

/* The message at the byte `offset`, which becomes that of the next one. NULL:
 * GST_RESOURCE_ERROR_READ, it cannot be read, or is not what was written, and
 * will not be; any other, the file cannot be opened, which may pass. */
GBytes *gst_alexnet_segment_read (GstAlexnetSegment *segment, guint64 *offset,
    GError **error);

/* Until it is needed again. */
void gst_alexnet_segment_close (GstAlexnetSegment *segment);

G_END_DECLS

#endif /* GST_ALEXNET_SEGMENT_H */
