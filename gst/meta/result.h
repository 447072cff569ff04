/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Results -> what is attached to a buffer: the structure that names.h
 * describes, which is also the bus message and the property last-result, and
 * the same numbers as GstAnalytics and region-of-interest metadata. */

#ifndef GST_ALEXNET_RESULT_H
#define GST_ALEXNET_RESULT_H

#include "input/frame.h"
#include "region/regions.h"

G_BEGIN_DECLS

typedef enum {
  GST_ALEXNET_ATTACH_ANALYTICS = 1 << 0,
  GST_ALEXNET_ATTACH_ROI = 1 << 1,
  GST_ALEXNET_ATTACH_TENSOR = 1 << 2,
  GST_ALEXNET_ATTACH_EMBEDDING = 1 << 3,
} GstAlexnetAttach;

/* What results of one model and backend have in common; labels are by class,
 * and borrowed. */
typedef struct {
  GQuark model, backend, unknown_label;
  const GQuark *labels;
} GstAlexnetModelInfo;

/* Registers the custom metadata, before any other is called and once in a
 * process. */
void gst_alexnet_result_register (void);

/* The structure of one region, which has been classified. */
GstStructure *gst_alexnet_result_to_structure (const GstAlexnetRegion *region,
    const GstAlexnetModelInfo *model, const GstAlexnetFrameInfo *info,
    GstBuffer *buffer);

/* The message that says what the state of a region has become and `from` which
 * it has: GST_ALEXNET_NO_CLASS if it had none. */
GstStructure *gst_alexnet_state_to_structure (const GstAlexnetRegion *region,
    guint from, float confidence, const GstAlexnetModelInfo *model,
    const GstAlexnetFrameInfo *info);

/* Attaches what the regions have, of which one is told at least, to the buffer,
 * which is writable. `frame_od`: the whole frame becomes a detection. Returns
 * the structure of all of them, which belongs to the buffer. */
const GstStructure *gst_alexnet_result_attach (GArray *regions,
    const GstAlexnetModelInfo *model, const GstAlexnetFrameInfo *info,
    GstAlexnetAttach attach, gboolean frame_od, GstBuffer *buffer);

G_END_DECLS

#endif /* GST_ALEXNET_RESULT_H */
