/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "idle.h"

#include "meta/analytics.h"

#define BUILT_WITH \
  G_STRINGIFY (GST_VERSION_MAJOR) "." G_STRINGIFY (GST_VERSION_MINOR)

static gboolean
wants_detections (const GstAlexnetSettings *settings)
{
  return settings->inference_region != GST_ALEXNET_INFERENCE_FULL_FRAME;
}

static gboolean
has_votes (const GstAlexnetSettings *settings)
{
  return settings->vote_rules.count > 0;
}

static gboolean
has_states (const GstAlexnetSettings *settings)
{
  return gst_alexnet_state_rules_apply (&settings->state_rules) ||
      (has_votes (settings) && wants_detections (settings));
}

static gboolean
saves_some (const GstAlexnetSettings *settings)
{
  return gst_alexnet_save_rules_apply (&settings->save_rules);
}

static gboolean
makes_batches (const GstAlexnetSettings *settings)
{
  return settings->max_batch_size > 1;
}

static gboolean
may_take_a_gpu (const GstAlexnetSettings *settings)
{
  return settings->backend == GST_ALEXNET_BACKEND_AUTO ||
      settings->backend == GST_ALEXNET_BACKEND_CUDNN;
}

static gboolean
may_take_the_cpu (const GstAlexnetSettings *settings)
{
  return settings->backend == GST_ALEXNET_BACKEND_AUTO ||
      settings->backend == GST_ALEXNET_BACKEND_CPU;
}

static gboolean
attaches_detections (const GstAlexnetSettings *settings)
{
  return gst_alexnet_analytics_is_built () &&
      settings->attach & GST_ALEXNET_ATTACH_ANALYTICS;
}

/* `properties` do something where `apply` says so, and otherwise `why`. */
static const struct {
  const char *properties[6];
  gboolean (*apply) (const GstAlexnetSettings *settings);
  const char *why;
} uses[] = {
  { { "roi-classes", "roi-min-width", "roi-min-height", "reclassify-interval",
        "vote-count" },
      wants_detections,
      "inference-region is full-frame, and so no regions are looked for" },
  { { "vote-share", "vote-min-side" }, has_votes, "vote-count is 0" },
  { { "state-threshold", "unknown-label", "ignored-classes", "pending-period" },
      has_states,
      "confirm-count and confirm-duration are 0, and there are no votes: "
      "vote-count is 0 or inference-region full-frame; so there are no "
      "states" },
  { { "save-directory" }, saves_some,
      "save-when is empty and save-interval is 0" },
  { { "batch-timeout" }, makes_batches, "max-batch-size is 1" },
  { { "cuda-device-id" }, may_take_a_gpu, "the backend takes no GPU" },
  { { "cpu-threads" }, may_take_the_cpu, "the backend is not cpu" },
  { { "full-frame-od" }, attaches_detections,
      "it takes attach-meta=analytics and a build with GStreamer 1.24 or "
      "newer; this one is for " BUILT_WITH },
};

/* Whether the user has said something with it. */
static gboolean
is_set (GstAlexnetClassify *self, const char *property)
{
  GObject *object = G_OBJECT (self);
  GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (self),
      property);
  g_auto (GValue) value = G_VALUE_INIT;

  g_object_get_property (object, property, &value);
  return !g_param_value_defaults (spec, &value);
}

/* "A", "A and B", "A, B and C": those that are set. To be freed. */
static char *
list_set (GstAlexnetClassify *self, const char *const *properties, guint *n)
{
  g_autoptr (GString) list = g_string_new (NULL);
  const char *last = NULL;

  for (*n = 0; *properties; properties++) {
    if (!is_set (self, *properties))
      continue;
    if (last)
      g_string_append_printf (list, "%s%s", *n > 1 ? ", " : "", last);
    last = *properties;
    (*n)++;
  }
  if (last)
    g_string_append_printf (list, "%s%s", *n > 1 ? " and " : "", last);
  return g_strdup (list->str);
}

static gboolean
applies (GstAlexnetClassify *self,
    gboolean (*apply) (const GstAlexnetSettings *settings))
{
  gboolean result;

  GST_OBJECT_LOCK (self);
  result = apply (&self->settings);
  GST_OBJECT_UNLOCK (self);
  return result;
}

void
gst_alexnet_warn_of_idle_properties (GstAlexnetClassify *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (uses); i++) {
    guint n;
    g_autofree char *names = list_set (self, uses[i].properties, &n);

    if (n > 0 && !applies (self, uses[i].apply))
      GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
          ("%s %s no effect.", names, n == 1 ? "has" : "have"),
          ("%s", uses[i].why));
  }
}
