/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The engine's requests of one region: one or, with ten-crop, one for each
 * view that the 2012 paper averages over: four corners and the centre of the
 * resized region, and their mirrors. Where all of it is kept, the five are
 * the same, and only the region and its mirror are views. */

#ifndef GST_ALEXNET_INFERENCE_H
#define GST_ALEXNET_INFERENCE_H

#include "region/regions.h"
#include "session.h"

G_BEGIN_DECLS

/* Requests of a region now. */
guint gst_alexnet_inference_n_views (const GstAlexnetSession *session);

/* Submits the region of `image`; on failure nothing of it. INVALID, CANCELLED,
 * DEVICE. */
gboolean gst_alexnet_inference_submit (const GstAlexnetSession *session,
    const AlexnetImage *image, GstAlexnetRegion *region, GError **error);

/* Called with what the engine says about a request. */
typedef void (*GstAlexnetRequestFunc) (gpointer user,
    const AlexnetResult *result);

/* Waits for the requests of the region, if it has any, gives them back, and
 * makes its classes of their average, not ranked yet. On failure there are
 * none. CANCELLED, DEVICE, NOT_FINITE. */
gboolean gst_alexnet_inference_collect (GstAlexnetRegion *region,
    GstAlexnetRequestFunc func, gpointer user, GError **error);

G_END_DECLS

#endif /* GST_ALEXNET_INFERENCE_H */
