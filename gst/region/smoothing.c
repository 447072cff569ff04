/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smoothing.h"

#include <math.h>

void
gst_alexnet_smoothing_init (GstAlexnetSmoothing *smoothing, guint n)
{
  smoothing->n = n;
  smoothing->average = g_new (float, n);
  gst_alexnet_smoothing_reset (smoothing);
}

void
gst_alexnet_smoothing_clear (GstAlexnetSmoothing *smoothing)
{
  g_clear_pointer (&smoothing->average, g_free);
}

void
gst_alexnet_smoothing_reset (GstAlexnetSmoothing *smoothing)
{
  smoothing->time = GST_CLOCK_TIME_NONE;
}

/* How far the average goes towards the new probabilities. */
static double
get_weight (const GstAlexnetSmoothing *smoothing, GstClockTime time,
    guint64 time_constant)
{
  if (!GST_CLOCK_TIME_IS_VALID (smoothing->time) || time < smoothing->time)
    return 1;
  return -expm1 (-(double) (time - smoothing->time) / (double) time_constant);
}

const float *
gst_alexnet_smoothing_add (GstAlexnetSmoothing *smoothing,
    const float *probabilities, GstClockTime time, guint64 time_constant)
{
  double weight;

  if (time_constant == 0) {
    gst_alexnet_smoothing_reset (smoothing);
    return probabilities;
  }
  weight = get_weight (smoothing, time, time_constant);
  if (weight == 1)
    memcpy (smoothing->average, probabilities,
        smoothing->n * sizeof *probabilities);
  else
    for (guint i = 0; i < smoothing->n; i++)
      smoothing->average[i] += weight *
          (probabilities[i] - smoothing->average[i]);
  smoothing->time = time;
  return smoothing->average;
}
