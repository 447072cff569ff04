/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "schedule.h"

void
gst_alexnet_schedule_reset (GstAlexnetSchedule *schedule)
{
  schedule->time = schedule->due = GST_CLOCK_TIME_NONE;
  schedule->n_to_skip = 0;
}

GstClockTime
gst_alexnet_schedule_advance (GstAlexnetSchedule *schedule,
    GstClockTime running_time, GstClockTime duration)
{
  if (GST_CLOCK_TIME_IS_VALID (running_time))
    schedule->time = running_time;
  else if (GST_CLOCK_TIME_IS_VALID (schedule->time))
    schedule->time += duration;
  else
    schedule->time = 0;
  return schedule->time;
}

/* Time that goes backwards is another time. */
static gboolean
period_is_over (const GstAlexnetSchedule *schedule, guint64 period)
{
  return !GST_CLOCK_TIME_IS_VALID (schedule->due) ||
      schedule->time < schedule->due ||
      schedule->time - schedule->due >= period;
}

static gboolean
is_hurried (const GstAlexnetPace *pace)
{
  return pace->pending && pace->pending_period > 0;
}

static guint64
get_period (const GstAlexnetPace *pace)
{
  if (!is_hurried (pace))
    return pace->period;
  return pace->period > 0 ? MIN (pace->period, pace->pending_period)
                          : pace->pending_period;
}

static GstAlexnetFate
decide_without_hurry (GstAlexnetSchedule *schedule, const GstAlexnetPace *pace)
{
  schedule->n_to_skip = MIN (schedule->n_to_skip, pace->interval - 1);
  if (schedule->n_to_skip > 0) {
    schedule->n_to_skip--;
    return GST_ALEXNET_FATE_SKIP_INTERVAL;
  }
  return period_is_over (schedule, pace->period) ? GST_ALEXNET_FATE_CLASSIFY
                                                 : GST_ALEXNET_FATE_SKIP_PERIOD;
}

GstAlexnetFate
gst_alexnet_schedule_decide (GstAlexnetSchedule *schedule,
    const GstAlexnetPace *pace)
{
  GstAlexnetFate fate = decide_without_hurry (schedule, pace);

  if (is_hurried (pace) && period_is_over (schedule, pace->pending_period))
    return GST_ALEXNET_FATE_CLASSIFY;
  return fate;
}

static gboolean
is_on_grid (const GstAlexnetSchedule *schedule, guint64 period)
{
  guint64 elapsed = schedule->time - schedule->due;

  return GST_CLOCK_TIME_IS_VALID (schedule->due) &&
      schedule->time >= schedule->due && elapsed >= period &&
      elapsed - period < period;
}

void
gst_alexnet_schedule_fulfil (GstAlexnetSchedule *schedule,
    const GstAlexnetPace *pace)
{
  guint64 period = get_period (pace);

  schedule->n_to_skip = pace->interval - 1;
  if (is_on_grid (schedule, period))
    schedule->due += period;
  else
    schedule->due = schedule->time;
}
