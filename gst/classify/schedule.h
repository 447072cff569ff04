/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which frames are classified. Two rules, and a frame must satisfy both:
 *
 *   interval  one frame in so many;
 *   period    one frame in so much running time. The times when one is due lie
 *             on a grid that begins with the first frame, so that rounded or
 *             jittering timestamps do not add up; after a pause that is longer
 *             than a period the grid begins anew.
 *
 * While a change of state is pending, and there is a period for that, a frame
 * is due as well when that is over.
 *
 * The first frame after a reset is always due, and a frame that is due but not
 * classified, because it is late or corrupt, leaves the next one due.
 *
 * Thread-safety: one thread at a time. */

#ifndef GST_ALEXNET_SCHEDULE_H
#define GST_ALEXNET_SCHEDULE_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* What was decided about a frame when it came. */
typedef enum {
  GST_ALEXNET_FATE_CLASSIFY,
  GST_ALEXNET_FATE_SKIP_INTERVAL,
  GST_ALEXNET_FATE_SKIP_PERIOD,
  GST_ALEXNET_FATE_SKIP_QOS,
  GST_ALEXNET_FATE_SKIP_RUN_WHEN,
  GST_ALEXNET_FATE_SKIP_CORRUPT,
} GstAlexnetFate;

/* What the user wants, and whether that is urgent; may differ from call to
 * call. */
typedef struct {
  guint interval;         /* frames, at least 1 */
  guint64 period;         /* ns of running time; 0 = off */
  guint64 pending_period; /* as period; 0 = off */
  gboolean pending;       /* a change of state is */
} GstAlexnetPace;

typedef struct {
  GstClockTime time; /* of the newest frame; NONE: there was none */
  GstClockTime due;  /* when the newest classified one was; NONE: as above */
  guint n_to_skip;   /* before the interval is over */
} GstAlexnetSchedule;

void gst_alexnet_schedule_reset (GstAlexnetSchedule *schedule);

/* A frame has come. Returns its running time or, where that is NONE, the one
 * before it plus `duration`. */
GstClockTime gst_alexnet_schedule_advance (GstAlexnetSchedule *schedule,
    GstClockTime running_time, GstClockTime duration);

/* CLASSIFY, SKIP_INTERVAL or SKIP_PERIOD for the newest frame. Once a frame. */
GstAlexnetFate gst_alexnet_schedule_decide (GstAlexnetSchedule *schedule,
    const GstAlexnetPace *pace);

/* The newest frame was due and is classified. */
void gst_alexnet_schedule_fulfil (GstAlexnetSchedule *schedule,
    const GstAlexnetPace *pace);

G_END_DECLS

#endif /* GST_ALEXNET_SCHEDULE_H */
