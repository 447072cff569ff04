/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rule for properties that are settable up to READY, of every element here:
 * those that have GST_PARAM_MUTABLE_READY among their flags. In PAUSED and
 * PLAYING, and on the way there, what is set is refused: the log has a warning,
 * and the property keeps and reads back the value that is in force. */

#ifndef GST_ALEXNET_LOCKED_H
#define GST_ALEXNET_LOCKED_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* TRUE: the property may not be set now. The caller holds the object lock,
 * until it has stored the value. */
gboolean gst_alexnet_property_is_locked (const GstElement *element,
    const GParamSpec *pspec);

/* The warning. No lock may be held. */
void gst_alexnet_property_refuse (GstElement *element, const GParamSpec *pspec,
    GstDebugCategory *category);

/* All that set_property and get_property have to do for a field (fields.h) at
 * this offset of the element: they take the object lock, and refuse. */
void gst_alexnet_property_set (GstElement *element, gsize offset,
    const GValue *value, const GParamSpec *pspec, GstDebugCategory *category);
void gst_alexnet_property_get (GstElement *element, gsize offset,
    GValue *value);

G_END_DECLS

#endif /* GST_ALEXNET_LOCKED_H */
