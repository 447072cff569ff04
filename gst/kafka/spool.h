/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages that wait, first in, first out: in a directory, where they survive
 * the process, or in memory. They are taken one by one, and go when they are
 * acknowledged, in the same order; until then they can be taken again. When
 * there are too many, the oldest go, an eighth of what there may be at once.
 *
 * A directory has segments (segment.h) and a file "position", with the last
 * message that was acknowledged. What was appended is the system's to keep when
 * the process is killed in any place; when the machine fails, what it had not
 * written yet is missing. A position that is behind makes messages come twice.
 *
 * Errors are GST_RESOURCE_ERROR's and name the file. Thread-safety: one thread
 * at a time. */

#ifndef GST_ALEXNET_SPOOL_H
#define GST_ALEXNET_SPOOL_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstAlexnetSpool GstAlexnetSpool;

typedef struct {
  guint64 n_waiting; /* not acknowledged, taken or not */
  guint64 n_dropped; /* too many, torn or damaged */
  guint64 bytes;
  guint n_torn; /* files that were found with half a message at the end */
} GstAlexnetSpoolCounts;

/* Where a message ends: bytes of a segment. */
typedef struct {
  guint64 segment, end;
} GstAlexnetSpoolPlace;

/* NULL: in memory. A directory is made if there is none, and belongs to one
 * spool at a time; what is there of an earlier one waits in front. */
GstAlexnetSpool *gst_alexnet_spool_open (const char *directory,
    guint64 max_bytes, GError **error);
void gst_alexnet_spool_close (GstAlexnetSpool *spool);

const GstAlexnetSpoolCounts *
gst_alexnet_spool_counts (const GstAlexnetSpool *spool);

/* A message that is larger than all may be is dropped as well. */
gboolean gst_alexnet_spool_append (GstAlexnetSpool *spool, GBytes *message,
    GError **error);

/* The next message that is not taken, and where it ends; NULL: none, or `error`
 * says why those of a segment are dropped. */
GBytes *gst_alexnet_spool_take (GstAlexnetSpool *spool,
    GstAlexnetSpoolPlace *place, GError **error);

/* Of the first message that was taken and is not acknowledged. */
gboolean gst_alexnet_spool_acknowledge (GstAlexnetSpool *spool,
    const GstAlexnetSpoolPlace *place, GError **error);

/* All that are not acknowledged are taken again; those that went because there
 * were too many count as dropped now. */
void gst_alexnet_spool_rewind (GstAlexnetSpool *spool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstAlexnetSpool, gst_alexnet_spool_close)

G_END_DECLS

#endif /* GST_ALEXNET_SPOOL_H */
