/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Smooths the probabilities of one thing that is classified again and again:
 * an exponential moving average over running time. With the time constant T,
 * probabilities p at time t, and the last average s at time u,
 *
 *     s' = s + (1 - exp (-(t - u) / T)) (p - s)
 *
 * and s' = p for the first. Frames need not be evenly spaced: it is what a
 * low-pass filter of first order makes of a signal that has the value p from u
 * to t ("EMA next" in A. Eckner, Algorithms for Unevenly Spaced Time Series:
 * Moving Averages and Other Rolling Operators). What was seen T ago has 37 % of
 * the weight it had. The weights add up to 1, and so do the averages.
 *
 * Whoever follows several things keeps one of these for each.
 *
 * Thread-safety: one thread at a time. */

#ifndef GST_ALEXNET_SMOOTHING_H
#define GST_ALEXNET_SMOOTHING_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  guint n;
  float *average;
  GstClockTime time; /* of the average; NONE: there is none */
} GstAlexnetSmoothing;

/* For `n` probabilities; begins without an average. */
void gst_alexnet_smoothing_init (GstAlexnetSmoothing *smoothing, guint n);
void gst_alexnet_smoothing_clear (GstAlexnetSmoothing *smoothing);

/* The next probabilities are the first ones. */
void gst_alexnet_smoothing_reset (GstAlexnetSmoothing *smoothing);

/* Returns the average at `time` (not NONE), valid until the next call; with a
 * `time_constant` of 0 the probabilities themselves. Where time goes backwards
 * the average begins anew. */
const float *gst_alexnet_smoothing_add (GstAlexnetSmoothing *smoothing,
    const float *probabilities, GstClockTime time, guint64 time_constant);

G_END_DECLS

#endif /* GST_ALEXNET_SMOOTHING_H */
