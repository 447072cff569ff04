/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "examples.h"

#include "learn/crop.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

static void
post (GstAlexnetClassify *self, GstMessageType type, const GError *error)
{
  gst_element_message_full (GST_ELEMENT (self), type, error->domain,
      error->code, g_strdup (error->message), NULL, __FILE__, GST_FUNCTION,
      __LINE__);
}

/* The writer's thread. */
static void
count_example (gpointer user, const GError *error)
{
  GstAlexnetClassify *self = user;
  gboolean is_first_failure;

  GST_OBJECT_LOCK (self);
  if (error)
    self->stats.examples_failed++;
  else
    self->stats.examples++;
  is_first_failure = error && self->stats.examples_failed == 1;
  GST_OBJECT_UNLOCK (self);
  if (error)
    GST_DEBUG_OBJECT (self, "no example: %s", error->message);
  if (is_first_failure)
    post (self, GST_MESSAGE_WARNING, error);
}

gboolean
gst_alexnet_examples_start (GstAlexnetClassify *self)
{
  g_autofree char *directory = NULL;
  g_autoptr (GError) error = NULL;
  GstAlexnetStoreLimit limit;
  GstAlexnetPicture picture;
  GstAlexnetStore *store;

  GST_OBJECT_LOCK (self);
  directory = g_strdup (self->settings.save_directory);
  limit = self->settings.save_limit;
  picture = self->settings.save_format;
  GST_OBJECT_UNLOCK (self);
  self->n_results = 0;
  self->warned_of_examples = FALSE;
  if (!directory)
    return TRUE;
  store = gst_alexnet_store_open (directory, &limit, &error);
  if (store)
    self->writer = gst_alexnet_writer_new (store, picture, count_example, self,
        &error);
  if (!self->writer)
    post (self, GST_MESSAGE_ERROR, error);
  return self->writer != NULL;
}

void
gst_alexnet_examples_stop (GstAlexnetClassify *self)
{
  g_clear_pointer (&self->writer, gst_alexnet_writer_free);
}

/* NULL: there are no pixels to be had. */
static GstSample *
crop_region (GstAlexnetClassify *self, const GstAlexnetItem *item,
    const GstAlexnetRegion *region, const GstVideoInfo *info)
{
  GstAlexnetModelInfo model =
      gst_alexnet_session_get_model_info (&self->session);
  GstBuffer *buffer = GST_BUFFER (item->object);

  return gst_alexnet_crop_new (info, buffer, &region->area,
      gst_alexnet_result_to_structure (region, &model, &item->info, buffer));
}

static void
save_region (GstAlexnetClassify *self, const GstAlexnetItem *item,
    const GstAlexnetRegion *region, const GstVideoInfo *info)
{
  GstSample *crop = NULL;

  if (!gst_alexnet_writer_is_full (self->writer))
    crop = crop_region (self, item, region, info);
  if (crop) {
    gst_alexnet_writer_add (self->writer, crop);
    return;
  }
  GST_OBJECT_LOCK (self);
  self->stats.examples_dropped++;
  GST_OBJECT_UNLOCK (self);
}

/* Of the frame that is sent next: its caps have been sent, unless the pad is
 * flushing. FALSE: its pixels are not in host memory. */
static gboolean
get_video_info (GstAlexnetClassify *self, GstVideoInfo *info)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (self->srcpad);

  if (!caps)
    return FALSE;
  if (!gst_alexnet_cuda_is_in_caps (caps))
    return gst_video_info_from_caps (info, caps);
  if (!self->warned_of_examples)
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("save-directory has no effect on frames in GPU memory."),
        ("cudadownload in front of the element brings them where examples can "
         "be cut out"));
  self->warned_of_examples = TRUE;
  return FALSE;
}

void
gst_alexnet_examples_pick (GstAlexnetClassify *self, const GstAlexnetItem *item)
{
  GstAlexnetSaveRules rules;
  GstVideoInfo info;

  if (!self->writer)
    return;
  GST_OBJECT_LOCK (self);
  rules = self->settings.save_rules;
  GST_OBJECT_UNLOCK (self);
  if (!get_video_info (self, &info))
    return;
  for (guint i = 0; i < item->regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (item->regions, i);

    if (!region->stale && region->classes &&
        gst_alexnet_save_rules_match (&rules, region, self->n_results++))
      save_region (self, item, region, &info);
  }
}
