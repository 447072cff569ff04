/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "caps.h"

#include "meta/tensor.h"

#define TENSORS (GST_ALEXNET_ATTACH_TENSOR | GST_ALEXNET_ATTACH_EMBEDDING)

/* How many values a row of each tensor has; 0 of those that are not attached,
 * and of all as long as the element is not started. */
typedef struct {
  guint n_values[GST_ALEXNET_N_TENSORS];
} Widths;

static Widths
get_widths (const AlexnetModel *model, GstAlexnetAttach attach)
{
  Widths widths = { { 0 } };

  if (attach & GST_ALEXNET_ATTACH_TENSOR)
    widths.n_values[GST_ALEXNET_TENSOR_CLASSES] =
        alexnet_model_get_n_classes (model);
  if (attach & GST_ALEXNET_ATTACH_EMBEDDING)
    widths.n_values[GST_ALEXNET_TENSOR_EMBEDDING] =
        alexnet_model_get_n_embedding (model);
  return widths;
}

static gboolean
attaches_tensor (GstAlexnetClassify *self, Widths *widths)
{
  gboolean attaches;

  *widths = (Widths){ { 0 } };
  GST_OBJECT_LOCK (self);
  attaches = gst_alexnet_tensor_is_in_caps () &&
      (self->settings.attach & TENSORS);
  if (attaches && self->engine)
    *widths = get_widths (self->session.model, self->settings.attach);
  GST_OBJECT_UNLOCK (self);
  return attaches;
}

/* Takes caps of one pad and returns the other's. */
static GstCaps *
map_caps (GstAlexnetClassify *self, const GstPad *pad, GstCaps *caps)
{
  Widths widths;

  if (!attaches_tensor (self, &widths))
    return caps;
  if (pad == self->srcpad)
    return gst_alexnet_tensor_remove_from_caps (caps);
  for (guint i = 0; i < GST_ALEXNET_N_TENSORS; i++)
    if (widths.n_values[i] > 0)
      caps = gst_alexnet_tensor_add_to_caps (caps, i, widths.n_values[i]);
  return caps;
}

static GstPad *
get_other (const GstAlexnetClassify *self, const GstPad *pad)
{
  return pad == self->sinkpad ? self->srcpad : self->sinkpad;
}

GstEvent *
gst_alexnet_classify_map_caps_event (GstAlexnetClassify *self, GstEvent *event)
{
  GstEvent *mapped;
  Widths widths;
  GstCaps *caps;

  if (!attaches_tensor (self, &widths))
    return event;
  gst_event_parse_caps (event, &caps);
  caps = map_caps (self, self->sinkpad, gst_caps_ref (caps));
  mapped = gst_event_new_caps (caps);
  gst_event_set_seqnum (mapped, gst_event_get_seqnum (event));
  gst_caps_unref (caps);
  gst_event_unref (event);
  return mapped;
}

static GstCaps *
query_peer (GstAlexnetClassify *self, GstPad *pad, GstCaps *filter)
{
  GstPad *other = get_other (self, pad);
  GstCaps *caps;

  if (filter)
    filter = map_caps (self, pad, gst_caps_ref (filter));
  caps = gst_pad_peer_query_caps (other, filter);
  gst_clear_caps (&filter);
  return map_caps (self, other, caps);
}

static GstCaps *
intersect (GstCaps *first, GstCaps *second)
{
  GstCaps *caps = gst_caps_intersect_full (first, second,
      GST_CAPS_INTERSECT_FIRST);

  gst_caps_unref (first);
  return caps;
}

/* What the neighbour on the other side can do. */
static gboolean
query_caps (GstAlexnetClassify *self, GstPad *pad, GstQuery *query)
{
  GstCaps *template = gst_pad_get_pad_template_caps (pad);
  GstCaps *filter, *caps;

  gst_query_parse_caps (query, &filter);
  caps = intersect (query_peer (self, pad, filter), template);
  if (filter)
    caps = intersect (caps, filter);
  gst_query_set_caps_result (query, caps);
  gst_caps_unref (caps);
  gst_caps_unref (template);
  return TRUE;
}

/* The core asks the peer alone where caps are proxied. As with stock filters a
 * field may be missing that need not be there, as the frame rate. */
static gboolean
query_accept_caps (GstAlexnetClassify *self, GstPad *pad, GstQuery *query)
{
  GstCaps *template = gst_pad_get_pad_template_caps (pad);
  GstCaps *caps;
  gboolean fits;

  gst_query_parse_accept_caps (query, &caps);
  fits = gst_caps_can_intersect (caps, template);
  if (fits) {
    caps = map_caps (self, pad, gst_caps_ref (caps));
    fits = gst_pad_peer_query_accept_caps (get_other (self, pad), caps);
    gst_caps_unref (caps);
  }
  gst_query_set_accept_caps_result (query, fits);
  gst_caps_unref (template);
  return TRUE;
}

/* The caps that are asked for; NULL: any. */
static const GstCaps *
get_asked (GstQuery *query)
{
  GstCaps *caps;

  if (GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS)
    gst_query_parse_accept_caps (query, &caps);
  else
    gst_query_parse_caps (query, &caps);
  return caps;
}

static gboolean
is_too_large (const GstStructure *structure, int *width, int *height)
{
  return gst_structure_get (structure, "width", G_TYPE_INT, width, "height",
             G_TYPE_INT, height, NULL) &&
      MAX (*width, *height) > ALEXNET_MAX_IMAGE_SIDE;
}

static gboolean
has_other_format (const GstStructure *structure, const GstCaps *template)
{
  const char *format = gst_structure_get_string (structure, "format");
  GstCaps *caps;
  gboolean fits;

  if (!format || !gst_structure_has_name (structure, "video/x-raw"))
    return FALSE;
  caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, format,
      NULL);
  fits = gst_caps_can_intersect (caps, template);
  gst_caps_unref (caps);
  return !fits;
}

/* Why no frame can be like this, to be freed, or NULL; and what changes that.
 * Kinds of memory are asked for on trial, and nothing is said of them, nor of
 * ANY, which would pass for each feature. */
static char *
describe_misfit (const GstCaps *caps, guint i, const GstCaps *template,
    const char **remedy)
{
  const GstStructure *structure = gst_caps_get_structure (caps, i);
  const GstCapsFeatures *features = gst_caps_get_features (caps, i);
  int width, height;

  if (gst_caps_features_is_any (features))
    return NULL;
  if (gst_caps_features_contains (features,
          GST_CAPS_FEATURE_FORMAT_INTERLACED)) {
    *remedy = "deinterlace in front of the element makes frames of them";
    return g_strdup ("Single fields cannot be classified.");
  }
  if (!gst_caps_features_is_equal (features,
          GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY))
    return NULL;
  if (is_too_large (structure, &width, &height)) {
    *remedy = "videoscale in front of the element makes them smaller";
    return g_strdup_printf ("Frames of %dx%d are too large, expected up to %d "
                            "pixels a side.",
        width, height, ALEXNET_MAX_IMAGE_SIDE);
  }
  if (has_other_format (structure, template)) {
    *remedy = "videoconvert in front of the element converts them";
    return g_strdup_printf ("Frames of the format %s cannot be classified.",
        gst_structure_get_string (structure, "format"));
  }
  return NULL;
}

static void
tell_of_misfit (GstAlexnetClassify *self, const char *text, const char *remedy)
{
  gboolean told;

  GST_OBJECT_LOCK (self);
  told = self->told_misfit;
  self->told_misfit = TRUE;
  GST_OBJECT_UNLOCK (self);
  if (!told)
    GST_ELEMENT_WARNING (self, STREAM, FORMAT, ("%s", text), ("%s", remedy));
}

/* Upstream, which finds out by these queries, can only say that nothing was
 * negotiated. Who can scale or convert offers others, too. */
static void
look_for_misfit (GstAlexnetClassify *self, const GstCaps *caps)
{
  GstCaps *template = gst_pad_get_pad_template_caps (self->sinkpad);
  g_autofree char *text = NULL;
  const char *remedy = NULL;

  for (guint i = caps ? gst_caps_get_size (caps) : 0; i-- > 0;) {
    g_free (text);
    text = describe_misfit (caps, i, template, &remedy);
    if (!text)
      break;
  }
  if (text)
    tell_of_misfit (self, text, remedy);
  gst_caps_unref (template);
}

gboolean
gst_alexnet_classify_query_caps (GstPad *pad, GstObject *parent,
    GstQuery *query)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY_CAST (parent);
  Widths widths;

  if (pad == self->sinkpad)
    look_for_misfit (self, get_asked (query));
  if (GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS)
    return query_accept_caps (self, pad, query);
  return attaches_tensor (self, &widths)
      ? query_caps (self, pad, query)
      : gst_pad_query_default (pad, parent, query);
}
