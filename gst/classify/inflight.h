/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The frames and events between the sink pad and the task on the source pad.
 *
 * The sink pad's streaming thread appends, the task takes away, first in,
 * first out, frames and serialized events alike: so order is right by
 * construction. A frame brings the engine's request along; the task waits for
 * it when the frame's turn has come.
 *
 * `flow` is the one truth about the stream:
 *   OK        frames and events move;
 *   EOS       downstream wants no more frames: they are refused, events still
 *             move, and a STREAM_START or SEGMENT makes it OK again;
 *   FLUSHING  between FLUSH_START and FLUSH_STOP and while a pad is inactive:
 *             everything is refused and nobody waits;
 *   any other downstream refused a frame for good: frames are refused with
 *             this value, what is queued stays, the task sleeps.
 *
 * One mutex guards all of it; `added` wakes the task, `removed` wakes those
 * who wait for room or for the end. It is held for bookkeeping alone: never
 * during a push, a wait for the engine or the posting of a message. What the
 * task has taken counts as in flight until it says how its push went, so an
 * empty queue means that everything is out.
 *
 * Thread-safety: any thread, but for gst_alexnet_inflight_clear(). */

#ifndef GST_ALEXNET_INFLIGHT_H
#define GST_ALEXNET_INFLIGHT_H

#include <gst/gst.h>

#include "input/frame.h"
#include "region/regions.h"
#include "schedule.h"

G_BEGIN_DECLS

typedef struct {
  GstMiniObject *object; /* a buffer or a serialized event */
  guint64 era;           /* the inflight's own */

  /* Of a buffer. */
  GstAlexnetFate fate;
  GstAlexnetFrameInfo info;
  GArray *regions; /* what is classified, with its requests; NULL: nothing */
  guint n_regions_skipped; /* found but left out */
  guint n_still;           /* regions that are stale for they did not change */
  GError *error;           /* why classifying failed, or NULL */
} GstAlexnetItem;

/* Frees what the item still owns. */
void gst_alexnet_item_clear (GstAlexnetItem *item);

typedef struct _GstAlexnetInflight GstAlexnetInflight;

/* Begins as FLUSHING. */
GstAlexnetInflight *gst_alexnet_inflight_new (void);
void gst_alexnet_inflight_free (GstAlexnetInflight *inflight);

/* How many frames and gaps there can be, both of which take time; other events
 * do not count. */
void gst_alexnet_inflight_set_limit (GstAlexnetInflight *inflight,
    guint frames);

/* FLUSHING, and wakes everybody. */
void gst_alexnet_inflight_stop (GstAlexnetInflight *inflight);

/* OK. */
void gst_alexnet_inflight_start (GstAlexnetInflight *inflight);

/* OK if it was NOT_LINKED. */
void gst_alexnet_inflight_relink (GstAlexnetInflight *inflight);

/* Drops what is queued; sticky events that outlive a flush are stored on
 * `pad`. The task must be paused, or call this itself while it works on what it
 * has taken, as the streaming thread may while it works on a frame. Neither is
 * wanted any more then, and its flow does not count. */
void gst_alexnet_inflight_clear (GstAlexnetInflight *inflight, GstPad *pad);

/* Blocks until one more frame or gap may be appended: this one. A gap waits
 * while events move, so also after EOS. */
GstFlowReturn gst_alexnet_inflight_wait_room (GstAlexnetInflight *inflight,
    GstAlexnetItem *item);

/* Whether that blocks now. */
gboolean gst_alexnet_inflight_is_full (GstAlexnetInflight *inflight);

/* Takes what `item` owns, also on failure, and where it is not wanted. */
GstFlowReturn gst_alexnet_inflight_append_frame (GstAlexnetInflight *inflight,
    GstAlexnetItem *item);

/* Takes the event, also on failure. Where only frames are refused, events are
 * accepted: all of them after EOS, sticky ones after an error. EOS itself is
 * not for here: it waits until all else is out. */
GstFlowReturn gst_alexnet_inflight_append_event (GstAlexnetInflight *inflight,
    GstEvent *event);

/* Blocks until there is an item; the caller owns it and calls _done when its
 * push has returned; successes of other names count as OK. FALSE: flushing. */
gboolean gst_alexnet_inflight_take (GstAlexnetInflight *inflight,
    GstAlexnetItem *item);
void gst_alexnet_inflight_done (GstAlexnetInflight *inflight,
    const GstAlexnetItem *item, GstFlowReturn flow);

/* FALSE: whoever was told something of the item has flushed or stopped the
 * element. It must not come out, nor be remembered, nor worked on: what there
 * is in PAUSED or READY alone may have gone. */
gboolean gst_alexnet_inflight_wants (GstAlexnetInflight *inflight,
    const GstAlexnetItem *item);

/* Blocks until everything is out: OK. Others: that will not happen. */
GstFlowReturn gst_alexnet_inflight_wait_empty (GstAlexnetInflight *inflight);

G_END_DECLS

#endif /* GST_ALEXNET_INFLIGHT_H */
