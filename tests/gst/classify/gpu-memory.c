/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames in GPU memory, on a machine that has none. This program answers in
 * place of gstcuda, and the plugin finds its functions before the library's:
 * that there is a device, and that frames lie on it, which are the host's. An
 * engine of the CPU says that it is the GPU's and gets them as they are. */

#define _GNU_SOURCE
#define GST_USE_UNSTABLE_API
#include "support/helpers.h"

#include <dlfcn.h>
#include <gst/cuda/gstcudacontext.h>
#include <gst/cuda/gstcudaloader.h>
#include <gst/cuda/gstcudamemory.h>
#include <gst/cuda/gstcudautils.h>

#include "alexnet.h"

/* What is defined here is for others. */
#pragma GCC visibility push(default)

static gboolean on_device;

/* As a context it has a type and says which device it is of. */
G_DEFINE_TYPE (GstCudaContext, gst_cuda_context, GST_TYPE_OBJECT)

static void
get_device_id (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_uint (value, 0);
}

static void
gst_cuda_context_class_init (GstCudaContextClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_device_id;
  g_object_class_install_property (object_class, 1,
      g_param_spec_uint ("cuda-device-id", "", "", 0, G_MAXUINT, 0,
          G_PARAM_READABLE));
}

static void
gst_cuda_context_init (GstCudaContext *self)
{
}

gboolean
gst_cuda_load_library (void)
{
  return TRUE;
}

gboolean
gst_cuda_ensure_element_context (GstElement *element, gint device_id,
    GstCudaContext **context)
{
  *context = g_object_ref_sink (g_object_new (gst_cuda_context_get_type (),
      NULL));
  return TRUE;
}

gpointer
gst_cuda_context_get_handle (GstCudaContext *context)
{
  return &on_device;
}

gboolean
gst_is_cuda_memory (GstMemory *memory)
{
  return on_device;
}

#if GST_CHECK_VERSION(1, 24, 0)
GstCudaStream *
gst_cuda_memory_get_stream (GstCudaMemory *memory)
{
  return NULL;
}
#endif

const char *
alexnet_engine_get_backend (const AlexnetEngine *engine)
{
  return "cudnn";
}

AlexnetRequest *
alexnet_stream_submit (AlexnetStream *stream, const AlexnetImage *image,
    const AlexnetRegion *region, GError **error)
{
  AlexnetRequest *(*real) (AlexnetStream *, const AlexnetImage *,
      const AlexnetRegion *,
      GError **) = dlsym (RTLD_NEXT, "alexnet_stream_submit");
  AlexnetImage on_host = *image;

  on_host.memory = ALEXNET_MEMORY_HOST;
  if (on_device == (image->memory == ALEXNET_MEMORY_CUDA))
    return real (stream, &on_host, region, error);
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "the frame is taken for one in other memory");
  return NULL;
}

#pragma GCC visibility pop

static void
expect_warning (Fixture *fixture)
{
  GstMessage *message = test_pop_message (fixture->bus, GST_MESSAGE_WARNING);
  GError *error;

  gst_message_parse_warning (message, &error, NULL);
  fail_unless (strstr (error->message, "motion-threshold") != NULL, "%s",
      error->message);
  g_error_free (error);
  gst_message_unref (message);
}

/* Every one is classified, and it is said once. What comes from the host later
 * is compared again. */
GST_START_TEST (test_motion_threshold)
{
  gboolean has_cpu = g_strv_contains (alexnet_backend_names (), "cpu");
  Fixture *fixture = test_fixture_new ("backend", has_cpu ? "cpu" : "reference",
      "motion-threshold", "2", NULL);

  test_push_cuda_caps (fixture);
  on_device = TRUE;
  for (guint i = 0; i < 2; i++)
    fail_unless (test_push_pull_kind (fixture) == 'x');
  expect_warning (fixture);
  on_device = FALSE;
  for (guint i = 0; i < 2; i++)
    fail_unless (test_push_pull_kind (fixture) == "xs"[i]);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-motion"), 1);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_WARNING),
      0);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
gpu_memory_suite (void)
{
  Suite *suite = suite_create ("gpu-memory");
  TCase *tests = test_case_new ("gpu-memory");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_motion_threshold);
  return suite;
}

GST_CHECK_MAIN (gpu_memory)
