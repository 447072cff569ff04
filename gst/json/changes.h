/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which regions of readings say something new: what was said last is kept for
 * each, known again by its model and its name, its track or its place in the
 * list. What was on none of 300 buffers with readings is forgotten.
 *
 * Thread-safety: one thread at a time. */

#ifndef GST_ALEXNET_CHANGES_H
#define GST_ALEXNET_CHANGES_H

#include "meta/reader.h"

G_BEGIN_DECLS

typedef enum {
  GST_ALEXNET_WRITE_ALWAYS,
  GST_ALEXNET_WRITE_ON_CHANGE, /* of the best class */
  GST_ALEXNET_WRITE_ON_STATE,  /* of the state */
} GstAlexnetWriteWhen;

typedef struct {
  GstAlexnetWriteWhen when; /* that what is known is about */
  GHashTable *known;        /* from char * to what was said, and when */
  guint64 n_buffers;
} GstAlexnetChanges;

void gst_alexnet_changes_init (GstAlexnetChanges *changes);
void gst_alexnet_changes_clear (GstAlexnetChanges *changes);

/* Everything is new. */
void gst_alexnet_changes_reset (GstAlexnetChanges *changes);

/* Drops the regions that say nothing new from a buffer's array of readings;
 * those without a best class, or without a state, say nothing. Another `when`
 * than before begins anew. */
void gst_alexnet_changes_filter (GstAlexnetChanges *changes,
    GstAlexnetWriteWhen when, GArray *readings);

G_END_DECLS

#endif /* GST_ALEXNET_CHANGES_H */
