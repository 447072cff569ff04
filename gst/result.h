/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a classification looks like. One GstStructure layout, named
 * "alexnet-classification", is the custom metadata, the bus message and the
 * property last-result; gstalexnetclassify.c documents its fields. The same
 * numbers go into GstAnalytics and region-of-interest metadata. */

#ifndef GST_ALEXNET_RESULT_H
#define GST_ALEXNET_RESULT_H

#include <gst/gst.h>

#include "frame.h"

G_BEGIN_DECLS

#define GST_ALEXNET_RESULT_NAME "alexnet-classification"

typedef enum {
  GST_ALEXNET_ATTACH_ANALYTICS = 1 << 0,
  GST_ALEXNET_ATTACH_ROI = 1 << 1,
} GstAlexnetAttach;

/* What results of one model and backend have in common; borrowed. */
typedef struct {
  const char *model, *backend;
  const char *const *labels;
  const GQuark *quarks; /* of the labels */
} GstAlexnetNames;

/* The classes that are kept, best first. */
typedef struct {
  guint n;
  guint *class_ids;
  float *confidences;     /* 0..1, softmax over all classes */
  guint64 inference_time; /* ns */
} GstAlexnetResult;

/* Registers the custom metadata, once in a process. */
void gst_alexnet_result_register (void);

/* Begins without classes; there is room for n_classes. */
void gst_alexnet_result_init (GstAlexnetResult *result, guint n_classes);
void gst_alexnet_result_clear (GstAlexnetResult *result);

/* Keeps the `top_k` most probable classes of at least `threshold`. */
void gst_alexnet_result_set (GstAlexnetResult *result,
    const AlexnetResult *source, guint top_k, float threshold);

/* Attaches the result to the buffer, which is writable. `stale`: it is an
 * earlier frame's. Returns the structure, which belongs to the buffer. */
const GstStructure *gst_alexnet_result_attach (const GstAlexnetResult *result,
    const GstAlexnetNames *names, const GstAlexnetFrameInfo *info,
    gboolean stale, GstAlexnetAttach attach, GstBuffer *buffer);

G_END_DECLS

#endif /* GST_ALEXNET_RESULT_H */
