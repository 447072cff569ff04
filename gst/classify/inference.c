/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inference.h"

guint
gst_alexnet_inference_n_views (const GstAlexnetSession *session)
{
  AlexnetCropMode mode = session->preprocess.crop_mode;

  if (!session->ten_crop)
    return 1;
  return mode == ALEXNET_CROP_CENTER || mode == ALEXNET_CROP_SQUASH
      ? GST_ALEXNET_MAX_VIEWS
      : 2;
}

static void
select_view (const GstAlexnetSession *session, guint view)
{
  AlexnetPreprocess preprocess = session->preprocess;

  preprocess.crop_position = view / 2;
  preprocess.mirror = view % 2;
  alexnet_stream_set_preprocess (session->stream, &preprocess);
}

static void
release (GstAlexnetRegion *region)
{
  while (region->n_requests > 0)
    alexnet_request_release (region->requests[--region->n_requests]);
}

gboolean
gst_alexnet_inference_submit (const GstAlexnetSession *session,
    const AlexnetImage *image, GstAlexnetRegion *region, GError **error)
{
  guint n = gst_alexnet_inference_n_views (session);

  for (guint i = 0; i < n; i++) {
    AlexnetRequest *request;

    select_view (session, i);
    request = alexnet_stream_submit (session->stream, image, &region->area,
        error);
    if (!request) {
      release (region);
      return FALSE;
    }
    region->requests[region->n_requests++] = request;
  }
  return TRUE;
}

static void
add_view (GstAlexnetClasses **sum, const AlexnetResult *view, guint n_views)
{
  if (!*sum)
    *sum = gst_alexnet_classes_new (view);
  for (guint i = 0; view->probabilities && i < view->n_classes; i++)
    (*sum)->probabilities[i] += view->probabilities[i] / n_views;
  for (guint i = 0; i < view->n_embedding; i++)
    (*sum)->embedding[i] += view->embedding[i] / n_views;
  (*sum)->queue_time = MAX ((*sum)->queue_time, view->queue_time);
  (*sum)->inference_time = MAX ((*sum)->inference_time, view->inference_time);
}

gboolean
gst_alexnet_inference_collect (GstAlexnetRegion *region,
    GstAlexnetRequestFunc func, gpointer user, GError **error)
{
  guint n = region->n_requests;
  GstAlexnetClasses *sum = NULL;
  gboolean ok = TRUE;

  if (n == 0)
    return TRUE;
  for (guint i = 0; i < n && ok; i++) {
    AlexnetResult view;

    ok = alexnet_request_wait (region->requests[i], &view, error);
    if (ok) {
      func (user, &view);
      add_view (&sum, &view, n);
    }
  }
  release (region);
  if (ok)
    region->classes = sum;
  else
    g_clear_pointer (&sum, gst_alexnet_classes_unref);
  return ok;
}
