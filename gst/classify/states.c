/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "states.h"

#include "examples.h"
#include "gates.h"
#include "idle.h"
#include "meta/tensor.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

/* To be cleared. */
static void
copy_settings (GstAlexnetClassify *self, GstAlexnetSettings *settings)
{
  GST_OBJECT_LOCK (self);
  gst_alexnet_settings_copy (settings, &self->settings);
  GST_OBJECT_UNLOCK (self);
}

static void
describe_model (GstAlexnetClassify *self, gboolean by_default)
{
  const AlexnetModel *model = self->session.model;
  const char *path = alexnet_model_get_path (model);

  GST_INFO_OBJECT (self, "model %s: %s, %u classes", path,
      alexnet_model_get_architecture (model),
      alexnet_model_get_n_classes (model));
  if (by_default && alexnet_model_is_demonstration (path))
    GST_ELEMENT_INFO (self, RESOURCE, SETTINGS,
        ("The demonstration model is used, which knows %u classes only.",
            alexnet_model_get_n_classes (model)),
        ("To recognise ImageNet's 1000 classes, save "
         "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth in "
         "%s/alexnet or name it in model-file.",
            g_get_user_data_dir ()));
}

static void
warn_of_problems (GstAlexnetClassify *self, char *const *problems)
{
  for (; problems && *problems; problems++)
    GST_ELEMENT_WARNING (self, RESOURCE, READ,
        ("A model file could not be used: %s", *problems), (NULL));
}

/* What is classified, and when. On failure it is as before. */
static gboolean
load_choice (GstAlexnetClassify *self, const GstAlexnetSettings *settings,
    GError **error)
{
  g_autoptr (GArray) named = gst_alexnet_named_new ();
  const char *list = settings->regions, *path = settings->regions_file;
  GstAlexnetRoiFilter run_when;

  if (list && !gst_alexnet_named_parse (named, list, error))
    return FALSE;
  if (path && !gst_alexnet_named_load (named, path, error))
    return FALSE;
  if (!gst_alexnet_gates_parse (&run_when, settings->run_when, error))
    return FALSE;
  gst_alexnet_roi_filter_clear (&self->run_when);
  self->run_when = run_when;
  g_array_unref (self->named);
  self->named = g_steal_pointer (&named);
  return TRUE;
}

gboolean
gst_alexnet_classify_load (GstAlexnetClassify *self)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) problems = NULL;
  GstAlexnetSettings settings;
  gboolean ok;

  GST_OBJECT_LOCK (self);
  self->outdated = FALSE;
  GST_OBJECT_UNLOCK (self);
  copy_settings (self, &settings);
  ok = load_choice (self, &settings, &error) &&
      gst_alexnet_session_load (&self->session, &settings, &problems, &error);
  warn_of_problems (self, problems);
  if (ok)
    describe_model (self, settings.model_file == NULL);
  else
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_ERROR, error);
  gst_alexnet_settings_clear (&settings);
  return ok;
}

void
gst_alexnet_classify_unload (GstAlexnetClassify *self)
{
  gst_alexnet_session_unload (&self->session);
  gst_alexnet_cuda_clear (&self->cuda);
}

/* What was set in READY is in force in PAUSED. */
static gboolean
update_model (GstAlexnetClassify *self)
{
  gboolean outdated;

  GST_OBJECT_LOCK (self);
  outdated = self->outdated;
  GST_OBJECT_UNLOCK (self);
  if (self->session.model && !outdated)
    return TRUE;
  gst_alexnet_session_unload (&self->session);
  return gst_alexnet_classify_load (self);
}

static void
set_engine (GstAlexnetClassify *self, AlexnetEngine *engine)
{
  GST_OBJECT_LOCK (self);
  self->engine = engine;
  GST_OBJECT_UNLOCK (self);
  g_object_notify (G_OBJECT (self), "active-backend");
  g_object_notify (G_OBJECT (self), "active-precision");
  g_object_notify (G_OBJECT (self), "active-model");
}

static void
announce_engine (GstAlexnetClassify *self)
{
  AlexnetEngine *engine = self->session.engine;
  const char *backend = alexnet_engine_get_backend (engine);
  const char *precision =
      alexnet_precision_name (alexnet_engine_get_precision (engine));
  const char *notes = alexnet_engine_get_notes (engine);

  GST_INFO_OBJECT (self, "backend %s computes in %s%s%s", backend, precision,
      *notes ? ", passed over: " : "", notes);
  set_engine (self, engine);
}

/* Whoever did not ask for it wonders why it is slow. */
static void
tell_of_reference (GstAlexnetClassify *self)
{
  AlexnetEngine *engine = self->session.engine;
  g_auto (GStrv)
      notes = g_strsplit (alexnet_engine_get_notes (engine), "\n", -1);
  g_autofree char *why = g_strjoinv ("; ", notes);
  gboolean asked_for;

  GST_OBJECT_LOCK (self);
  asked_for = self->settings.backend == GST_ALEXNET_BACKEND_REFERENCE;
  GST_OBJECT_UNLOCK (self);
  if (!asked_for &&
      g_str_equal (alexnet_engine_get_backend (engine), "reference"))
    GST_ELEMENT_INFO (self, RESOURCE, SETTINGS,
        ("The network is computed in plain C, which is slow."),
        ("backend reference is plain C and slow; passed over: %s", why));
}

static void
warn_of_tensor (GstAlexnetClassify *self)
{
  gboolean wanted;

  GST_OBJECT_LOCK (self);
  wanted = self->settings.attach & GST_ALEXNET_ATTACH_TENSOR;
  GST_OBJECT_UNLOCK (self);
  if (wanted && !gst_alexnet_tensor_is_built ())
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("attach-meta=tensor has no effect."),
        ("it takes a build with GStreamer 1.26 or newer; this one is for %d.%d",
            GST_VERSION_MAJOR, GST_VERSION_MINOR));
}

/* In the CUDA context, if one is known, whose device then is the one. */
static gboolean
start_session (GstAlexnetClassify *self, GstAlexnetSession *session)
{
  void *cuda_context = gst_alexnet_cuda_get_handle (&self->cuda);
  g_autoptr (GError) error = NULL;
  GstAlexnetSettings settings;
  gboolean ok;

  copy_settings (self, &settings);
  if (cuda_context)
    settings.cuda_device_id = gst_alexnet_cuda_get_device_id (&self->cuda);
  ok = gst_alexnet_session_start (session, &settings, cuda_context, &error);
  if (!ok)
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_ERROR, error);
  gst_alexnet_settings_clear (&settings);
  return ok;
}

gboolean
gst_alexnet_classify_change_engine (GstAlexnetClassify *self)
{
  GstAlexnetSession other = self->session, previous;

  if (!start_session (self, &other))
    return FALSE;
  GST_OBJECT_LOCK (self);
  previous = self->session;
  self->session = other;
  GST_OBJECT_UNLOCK (self);
  announce_engine (self);
  gst_alexnet_session_stop (&previous);
  return TRUE;
}

gboolean
gst_alexnet_classify_start (GstAlexnetClassify *self)
{
  if (!update_model (self) || !gst_alexnet_examples_start (self))
    return FALSE;
  if (!start_session (self, &self->session)) {
    gst_alexnet_examples_stop (self);
    return FALSE;
  }
  gst_alexnet_warn_of_idle_properties (self);
  warn_of_tensor (self);
  gst_alexnet_inflight_set_limit (self->inflight, self->session.depth);
  self->negotiated = FALSE;
  self->n_frames = 0;
  self->warned = 0;
  self->n_stopped = self->n_of_other_types = 0;
  self->n_without_regions = self->n_too_small = 0;
  self->told = (GstAlexnetTold){ 0 };
  gst_alexnet_classify_forget_stream (self);

  GST_OBJECT_LOCK (self);
  memset (&self->stats, 0, sizeof self->stats);
  gst_clear_structure (&self->last_result);
  self->frame_duration = GST_ALEXNET_UNKNOWN_FRAME_DURATION;
  self->latency = self->session.first_time;
  self->told_misfit = FALSE;
  GST_OBJECT_UNLOCK (self);
  g_object_notify (G_OBJECT (self), "last-result");
  announce_engine (self);
  tell_of_reference (self);
  return TRUE;
}

void
gst_alexnet_classify_stop (GstAlexnetClassify *self)
{
  gst_alexnet_examples_stop (self);
  set_engine (self, NULL);
  gst_alexnet_session_stop (&self->session);
  gst_alexnet_classify_forget_tracks (self);
  gst_alexnet_classify_forget_results (self);
  g_hash_table_remove_all (self->places);
}
