/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which of several ways to compute the same thing is fastest on this device,
 * in a graph. One that cannot be captured is of no use.
 *
 * Weights that fit are read from the device's L2 cache here, though in the
 * network others have driven them out. Work that did the same between any two
 * runs would take longer than a small layer does, and its time would have to be
 * known as well; those of large layers do not fit. */

#ifndef ALEXNET_CUDNN_TUNE_H
#define ALEXNET_CUDNN_TUNE_H

#include "device.h"

G_BEGIN_DECLS

/* Gives candidate `i` to the device's compute stream, once. */
typedef gboolean (*AlexnetTuneFunc) (gpointer user, guint i, GError **error);

/* Times each of n >= 1 candidates and writes the fastest to `best`; one alone
 * is not tried. One that fails is passed over; the last one's error when all
 * do. `what` is computed, for debug messages, which have the time of each. */
gboolean alexnet_tune (AlexnetDevice *device, const char *what, guint n,
    AlexnetTuneFunc func, gpointer user, guint *best, GError **error);

/* Notes that a way to compute `what` has failed for `reason`. TRUE when another
 * one can take its place; DEVICE when the device is lost. */
gboolean alexnet_tune_pass_over (AlexnetDevice *device, const char *what,
    const GError *reason, GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_TUNE_H */
