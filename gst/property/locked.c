/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "locked.h"

#include "fields.h"

gboolean
gst_alexnet_property_is_locked (const GstElement *element,
    const GParamSpec *pspec)
{
  /* After a change that failed, what would have been next still stands there.
   */
  gboolean is_changing = GST_STATE_RETURN (element) != GST_STATE_CHANGE_FAILURE;

  return (pspec->flags & GST_PARAM_MUTABLE_READY) &&
      (GST_STATE (element) > GST_STATE_READY ||
          (is_changing && GST_STATE_NEXT (element) > GST_STATE_READY));
}

void
gst_alexnet_property_refuse (GstElement *element, const GParamSpec *pspec,
    GstDebugCategory *category)
{
  GST_CAT_WARNING_OBJECT (category, element,
      "property %s is not set: that is possible up to READY, the element is in "
      "%s",
      pspec->name, gst_element_state_get_name (GST_STATE (element)));
}

void
gst_alexnet_property_set (GstElement *element, gsize offset,
    const GValue *value, const GParamSpec *pspec, GstDebugCategory *category)
{
  gboolean locked;

  GST_OBJECT_LOCK (element);
  locked = gst_alexnet_property_is_locked (element, pspec);
  if (!locked)
    gst_alexnet_property_store (element, offset, value);
  GST_OBJECT_UNLOCK (element);
  if (locked)
    gst_alexnet_property_refuse (element, pspec, category);
}

void
gst_alexnet_property_get (GstElement *element, gsize offset, GValue *value)
{
  GST_OBJECT_LOCK (element);
  gst_alexnet_property_read (element, offset, value);
  GST_OBJECT_UNLOCK (element);
}
