/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which results become a line, and with which regions: the properties
 * include-stale and write-when of the elements that write lines, and what of a
 * stream they are decided by.
 *
 * Thread-safety: `include_stale` and `write_when` are under the object lock of
 * the element, the rest belongs to the streaming thread. */

#ifndef GST_ALEXNET_SELECTION_H
#define GST_ALEXNET_SELECTION_H

#include "changes.h"

G_BEGIN_DECLS

typedef struct {
  gboolean include_stale;
  GstAlexnetWriteWhen write_when;

  GstAlexnetChanges changes;
  GstAlexnetSearch search;
  guint n_without_state; /* results, while a state is waited for */
  guint width, height;   /* of the picture; 0 where the caps do not tell */
} GstAlexnetSelection;

void gst_alexnet_selection_init (GstAlexnetSelection *selection);
void gst_alexnet_selection_clear (GstAlexnetSelection *selection);

/* Of a class that has both properties, under these ids, and not twice. */
void gst_alexnet_selection_install (GObjectClass *klass, guint include_stale,
    guint write_when);

/* Another start, and caps and events as they come. At EOS it posts, in the name
 * of `element`, that there was nothing to read, where that is so. */
void gst_alexnet_selection_reset (GstAlexnetSelection *selection);
void gst_alexnet_selection_set_caps (GstAlexnetSelection *selection,
    GstCaps *caps);
void gst_alexnet_selection_event (GstAlexnetSelection *selection,
    GstElement *element, const GstEvent *event);

/* An array of GstAlexnetReading: those of which the buffer gives a line each.
 * Takes the object lock of `element` for a moment, and posts a warning in its
 * name where states are waited for and none comes. */
GArray *gst_alexnet_selection_read (GstAlexnetSelection *selection,
    GstElement *element, GstBuffer *buffer, const GstSegment *segment);

G_END_DECLS

#endif /* GST_ALEXNET_SELECTION_H */
