/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The demonstration model on labelled photographs of CIFAR-10's test set: what
 * every precision of the backend "cpu" says is what PyTorch said in float, for
 * at least 99 of 100 images. */

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <json-glib/json-glib.h>

#include "alexnet.h"

#define DEPTH 8
#define WANTED 0.99

typedef struct {
  GdkPixbuf *sheet; /* all images, row by row */
  JsonParser *parser;
  JsonArray *truth, *pytorch;
  int tile, columns;
  guint n;
} Sample;

static void
sample_load (Sample *self)
{
  g_autofree char *png = g_build_filename (g_getenv ("ALEXNET_TEST_DATA"),
      "cifar10-test-500.png", NULL);
  g_autofree char *json = g_build_filename (g_getenv ("ALEXNET_TEST_DATA"),
      "cifar10-test-500.json", NULL);
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  self->sheet = gdk_pixbuf_new_from_file (png, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gdk_pixbuf_get_n_channels (self->sheet), ==, 3);
  self->parser = json_parser_new ();
  json_parser_load_from_file (self->parser, json, &error);
  g_assert_no_error (error);
  object = json_node_get_object (json_parser_get_root (self->parser));
  self->truth = json_object_get_array_member (object, "truth");
  self->pytorch = json_object_get_array_member (object, "pytorch_top1");
  self->tile = (int) json_object_get_int_member (object, "tile");
  self->columns = (int) json_object_get_int_member (object, "columns");
  self->n = json_array_get_length (self->truth);
}

static void
sample_clear (Sample *self)
{
  g_object_unref (self->sheet);
  g_object_unref (self->parser);
}

static AlexnetRequest *
submit (const Sample *self, AlexnetStream *stream, guint i)
{
  int stride = gdk_pixbuf_get_rowstride (self->sheet);
  int x = (int) i % self->columns * self->tile;
  int y = (int) i / self->columns * self->tile;
  AlexnetImage image = { .format = ALEXNET_FORMAT_RGB,
    .width = (guint) self->tile,
    .height = (guint) self->tile,
    .planes = { gdk_pixbuf_read_pixels (self->sheet) + y * stride + 3 * x },
    .strides = { stride } };
  g_autoptr (GError) error = NULL;
  AlexnetRequest *request = alexnet_stream_submit (stream, &image, NULL,
      &error);

  g_assert_no_error (error);
  return request;
}

static guint
finish (AlexnetRequest *request)
{
  AlexnetResult result;
  g_autoptr (GError) error = NULL;
  guint best;

  alexnet_request_wait (request, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (alexnet_top_k (result.probabilities, result.n_classes, 1,
                        &best),
      ==, 1);
  alexnet_request_release (request);
  return best;
}

static void
check_sample (AlexnetEngine *engine)
{
  AlexnetStream *stream = alexnet_stream_new (engine, NULL, DEPTH);
  AlexnetRequest *requests[DEPTH];
  Sample sample;
  guint same = 0, right = 0;

  sample_load (&sample);
  for (guint i = 0; i < sample.n + DEPTH; i++) {
    if (i >= DEPTH) {
      guint best = finish (requests[i % DEPTH]);

      same += best == json_array_get_int_element (sample.pytorch, i - DEPTH);
      right += best == json_array_get_int_element (sample.truth, i - DEPTH);
    }
    if (i < sample.n)
      requests[i % DEPTH] = submit (&sample, stream, i);
  }
  g_test_message ("of %u images %u are as PyTorch says, %u are right", sample.n,
      same, right);
  g_assert_cmpfloat (same, >=, WANTED * sample.n);
  sample_clear (&sample);
  alexnet_stream_free (stream);
}

static void
test_sample (gconstpointer data)
{
  AlexnetEngineParams params = {
    .backend = "cpu", .precision = GPOINTER_TO_INT (data), .cpu_threads = 2
  };
  g_autofree char *path = g_build_filename (g_getenv ("ALEXNET_TEST_MODELS"),
      "alexnet-cifar10.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = alexnet_model_load (path, &error);
  AlexnetEngine *engine;

  g_assert_no_error (error);
  engine = alexnet_engine_get (model, &params, &error);
  alexnet_model_unref (model);
  if (!engine) {
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
    g_test_skip (error->message);
    return;
  }
  check_sample (engine);
  alexnet_engine_unref (engine);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sample/cpu/fp32",
      GINT_TO_POINTER (ALEXNET_PRECISION_FP32), test_sample);
  g_test_add_data_func ("/sample/cpu/bf16",
      GINT_TO_POINTER (ALEXNET_PRECISION_BF16), test_sample);
  return g_test_run ();
}
