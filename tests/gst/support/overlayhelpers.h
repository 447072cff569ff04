/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of classificationoverlay share: frames that are plain but for
 * what it draws. */

#ifndef ALEXNET_TEST_OVERLAY_HELPERS_H
#define ALEXNET_TEST_OVERLAY_HELPERS_H

#include "helpers.h"

#define API GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE
#define FEATURE GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION
#define WIDTH 320
#define HEIGHT 240
#define CAPS "format=RGB,width=320,height=240,framerate=30/1"
#define RAW "video/x-raw," CAPS
#define FEATURED "video/x-raw(memory:SystemMemory," FEATURE ")," CAPS

#define CAT "labels=<cat>, class-ids=<3>, confidences=<(float)0.75>"
#define DOG "labels=<dog>, class-ids=<5>, confidences=<(float)0.75>"

/* Before something that accepts `downstream` and, asked for its allocation,
 * offers to lay over pictures if `offer`. */
GstHarness *test_overlay_harness_new (const char *upstream,
    const char *downstream, gboolean offer);

/* Of RAW, with the fields of a result, see test_add_result(), or NULL. */
GstBuffer *test_overlay_frame_new (const char *fields);

/* What comes out for it. */
GstBuffer *test_overlay_pass (GstHarness *harness, GstBuffer *buffer);

/* That is attached; borrowed. */
GstVideoOverlayComposition *test_get_composition (GstBuffer *buffer);

#endif /* ALEXNET_TEST_OVERLAY_HELPERS_H */
