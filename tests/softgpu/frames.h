/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames through stage, and what arrives in the slot: a network that hands out
 * its input, and the frame as the CPU makes it. */

#ifndef SOFTGPU_FRAMES_H
#define SOFTGPU_FRAMES_H

#include "fixture.h"
#include "support/preprocess-run.h"

G_BEGIN_DECLS

#define FRAMES_SIDE 48 /* of the network's input */

typedef struct {
  AlexnetNetwork network;
  AlexnetPlan *plan; /* for one image; frames come into slot 1 */
  AlexnetTransform *transform;
} Frames;

/* A network that hands out its input. */
AlexnetNetwork frames_make_identity (guint n_channels);

/* For g_test_add(): in colours, with an AlexnetPrecision. */
void frames_set_up (Frames *self, gconstpointer precision);
void frames_set_up_luma (Frames *self, gconstpointer precision);
void frames_tear_down (Frames *self, gconstpointer data);

/* ImageNet's, with `mode`, for an input of FRAMES_SIDE. */
AlexnetPreprocess frames_preprocess (AlexnetCropMode mode);

/* It must work. `region`: NULL: all of the image. */
void frames_stage (Frames *self, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess);

/* Fails unless the slot has what the CPU makes of the image, which the host can
 * read. */
void frames_check_output (Frames *self, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess);

/* Both: of `image`, which `host` is a copy of for the host. */
void frames_check (Frames *self, const AlexnetImage *image,
    const AlexnetImage *host, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess);

G_END_DECLS

#endif /* SOFTGPU_FRAMES_H */
