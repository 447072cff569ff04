/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many pieces of work a device does for one frame: each costs the way from
 * one to the next, which of an image alone is a large part. */

#include <math.h>
#include <string.h>

#include "fixture.h"
#include "support/preprocess-run.h"
#include "support/random-model.h"

#define SIDE 96
#define MANY 16
#define WIDE 160

/* For a frame that lies on the device, all of it; and what of that the graph
 * holds: all but the pixels and the first convolution. */
static const struct {
  const char *architecture;
  guint n_works, n_nodes;
} limits[] = {
  /* pixels, 5 convolutions, 2 poolings, 3 products of which the first pools,
   * softmax with the best classes */
  { "torchvision", 12, 10 },
  /* The same with 4 convolutions in halves; each of the 2 normalisations is one
   * with a pooling. */
  { "caffe", 16, 14 },
  { "caffenet", 16, 14 },
};

typedef struct {
  AlexnetNetwork *network;
  AlexnetPlan *plan;
  AlexnetTransform *transform;
  Frame *frame;
  AlexnetImage image; /* of memory CUDA */
  void *pixels;
} Fixture;

/* Takes the network. */
static void
set_up_network (Fixture *f, AlexnetNetwork *network, AlexnetPrecision precision,
    guint max_batch)
{
  g_autofree guint8 *photo = data_read_photo ();

  f->network = network;
  f->plan = fixture_open (f->network, precision, max_batch);
  f->transform = alexnet_transform_new ();
  f->frame = frame_new (ALEXNET_FORMAT_RGBA, SIDE, SIDE, 0, photo, FALSE);
  f->image = f->frame->image;
  f->pixels = softgpu_device_new (f->image.planes[0],
      (gsize) f->image.strides[0] * SIDE);
  f->image.planes[0] = f->pixels;
  f->image.memory = ALEXNET_MEMORY_CUDA;
}

static void
set_up (Fixture *f, const char *architecture, AlexnetPrecision precision,
    guint max_batch)
{
  set_up_network (f, fixture_network (architecture), precision, max_batch);
}

/* Products whose rows are made by several blocks. */
static AlexnetNetwork *
make_wide_network (void)
{
  AlexnetNetwork *network = fixture_network ("torchvision");

  random_model_clear (network);
  for (guint i = 0; i + 2 < network->n_layers; i++)
    if (network->layers[i].kind == ALEXNET_LAYER_LINEAR)
      network->layers[i].channels = WIDE;
  g_assert_true (alexnet_network_infer_shapes (network, NULL));
  random_model_fill (network);
  return network;
}

static void
tear_down (Fixture *f)
{
  softgpu_device_free (f->pixels);
  frame_free (f->frame);
  alexnet_transform_free (f->transform);
  fixture_close (f->plan);
  random_model_clear (f->network);
  g_free (f->network);
  softgpu_reset ();
}

static AlexnetBest *
classify (Fixture *f, const AlexnetImage *image)
{
  g_autoptr (GError) error = NULL;

  alexnet_transform_update (f->transform, image, NULL, &preprocess_imagenet, 3,
      f->network->input.width, &error);
  g_assert_no_error (error);
  f->plan->backend->stage (f->plan, 0, image, f->transform, &error);
  g_assert_no_error (error);
  return fixture_infer_best (f->plan, 0, 1);
}

static void
check_works (Fixture *f, const AlexnetImage *image, const char *what,
    guint n_works, guint n_nodes)
{
  guint works, nodes;
  g_autofree AlexnetBest *best = NULL;
  g_autofree char *text = softgpu_take_works (&works, &nodes);

  best = classify (f, image);
  g_free (text);
  text = softgpu_take_works (&works, &nodes);
  g_strdelimit (text, "\n", ';');
  g_test_message ("%s, %s: %u, of which a graph's %u: %s",
      f->network->architecture, what, works, nodes, text);
  g_assert_cmpuint (works, ==, n_works);
  g_assert_cmpuint (nodes, ==, n_nodes);
}

/* The second of two frames. One of the host's has to be uploaded. */
static void
test_frame (gconstpointer precision)
{
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++) {
    Fixture f;

    set_up (&f, limits[i].architecture, GPOINTER_TO_UINT (precision), 1);
    g_free (classify (&f, &f.image));
    check_works (&f, &f.image, "device", limits[i].n_works, limits[i].n_nodes);
    check_works (&f, &f.frame->image, "host", limits[i].n_works + 1,
        limits[i].n_nodes);
    tear_down (&f);
  }
}

/* Of the product that a pooling is joined to. */
static void
change_cache (const char *choice)
{
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "alexnet",
      NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autofree char *file = g_build_filename (path, g_dir_read_name (dir), NULL);
  g_autofree char *text = NULL;
  char *value;

  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  value = strstr (text, " after pool ");
  g_assert_nonnull (value);
  value = strchr (strchr (value, ':'), '"') + 1;
  *value = *choice;
  g_assert_true (g_file_set_contents (file, text, -1, NULL));
}

/* What kernels write for few images and copies bring of many is the same. */
static void
test_many (void)
{
  Fixture f;
  g_autofree float *inputs = NULL;
  g_autofree AlexnetBest *all = NULL;
  gsize n_returned;

  set_up (&f, "torchvision", ALEXNET_PRECISION_FP32, MANY);
  inputs = fixture_inputs (f.network, MANY, 0);
  fixture_stage (f.plan, f.network, 0, MANY, inputs);
  n_returned = softgpu_n_returned ();
  all = fixture_infer_best (f.plan, 0, MANY);
  g_assert_cmpuint (softgpu_n_returned () - n_returned, ==,
      MANY * ALEXNET_MAX_BEST * sizeof (AlexnetBest));
  for (guint n = 1; n <= 8; n++) {
    g_autofree AlexnetBest *some = fixture_infer_best (f.plan, n, n);

    for (guint i = 0; i < n * ALEXNET_MAX_BEST; i++) {
      const AlexnetBest *expected = &all[n * ALEXNET_MAX_BEST + i];

      g_assert_cmpuint (some[i].class_id, ==, expected->class_id);
      g_assert_cmpfloat_with_epsilon (some[i].probability,
          expected->probability, 1e-5f);
    }
  }
  g_assert_cmpuint (softgpu_n_returned () - n_returned, ==,
      MANY * ALEXNET_MAX_BEST * sizeof (AlexnetBest));
  tear_down (&f);
}

/* What the cache says is done, whichever way is the fastest: one kernel for
 * pooling and product, or a kernel each, which gives the same bits; or a kernel
 * and a product of the library's, of which the first one fails. */
static void
test_ways (void)
{
  static const struct {
    const char *choice;
    guint n_works;
    float tolerance;
  } ways[] = { { "0", 12, 0 }, { "1", 13, 0 }, { "3", 13, 1e-5f } };
  g_autofree AlexnetBest *expected = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    Fixture f;
    g_autofree AlexnetBest *best = NULL;

    set_up_network (&f, make_wide_network (), ALEXNET_PRECISION_FP32, 1);
    if (i > 0) {
      fixture_close (f.plan);
      change_cache (ways[i].choice);
      f.plan = fixture_open (f.network, ALEXNET_PRECISION_FP32, 1);
    }
    best = classify (&f, &f.image);
    check_works (&f, &f.image, ways[i].choice, ways[i].n_works,
        ways[i].n_works - 2);
    if (!expected)
      expected = g_memdup2 (best, ALEXNET_MAX_BEST * sizeof *best);
    for (guint k = 0; k < ALEXNET_MAX_BEST; k++) {
      g_assert_cmpuint (best[k].class_id, ==, expected[k].class_id);
      g_assert_cmpfloat (fabsf (best[k].probability - expected[k].probability),
          <=, ways[i].tolerance);
    }
    tear_down (&f);
  }
  cache_directory_clear ();
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_data_func ("/softgpu/nodes/frame/fp32",
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP32), test_frame);
  g_test_add_data_func ("/softgpu/nodes/frame/fp16",
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), test_frame);
  g_test_add_data_func ("/softgpu/nodes/frame/int8",
      GUINT_TO_POINTER (ALEXNET_PRECISION_INT8), test_frame);
  g_test_add_func ("/softgpu/nodes/many", test_many);
  g_test_add_func ("/softgpu/nodes/ways", test_ways);
  return cache_directory_run ();
}
