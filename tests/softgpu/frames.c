/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "frames.h"

#include <math.h>

/* A network that hands out its input: a pooling of one pixel. */
AlexnetNetwork
frames_make_identity (guint n_channels)
{
  AlexnetNetwork network = {
    .architecture = "identity",
    .input = { n_channels, FRAMES_SIDE, FRAMES_SIDE },
    .n_layers = 1,
    .layers = { { .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 1, .stride = 1 } },
  };

  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  return network;
}

static void
set_up_channels (Frames *self, gconstpointer precision, guint n_channels)
{
  self->network = frames_make_identity (n_channels);
  self->plan = fixture_open (&self->network, GPOINTER_TO_UINT (precision), 1);
  self->transform = alexnet_transform_new ();
}

void
frames_set_up (Frames *self, gconstpointer precision)
{
  set_up_channels (self, precision, 3);
}

void
frames_set_up_luma (Frames *self, gconstpointer precision)
{
  set_up_channels (self, precision, 1);
}

void
frames_tear_down (Frames *self, gconstpointer data)
{
  alexnet_transform_free (self->transform);
  fixture_close (self->plan);
  softgpu_reset ();
}

AlexnetPreprocess
frames_preprocess (AlexnetCropMode mode)
{
  AlexnetPreprocess preprocess = preprocess_imagenet;

  preprocess.crop_mode = mode;
  preprocess.resize_size = FRAMES_SIDE + 6;
  return preprocess;
}

void
frames_stage (Frames *self, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess)
{
  g_autoptr (GError) error = NULL;

  alexnet_transform_update (self->transform, image, region, preprocess,
      self->network.input.channels, FRAMES_SIDE, &error);
  g_assert_no_error (error);
  self->plan->backend->stage (self->plan, 1, image, self->transform, &error);
  g_assert_no_error (error);
}

/* Rounding to the slot's type. The CPU converts Y'CbCr row by row and the
 * kernel pixel by pixel: sums of floats may differ in their last bits. */
void
frames_check_output (Frames *self, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess)
{
  guint n_channels = self->network.input.channels;
  g_auto (Output) expected = output_run_channels (self->transform, image,
      region, preprocess, n_channels, FRAMES_SIDE);
  g_autofree float *outputs = NULL;
  double u = fixture_rounding (self->plan->precision, FALSE);

  outputs = fixture_infer (self->plan, &self->network, 1, 1);
  for (guint i = 0; i < n_channels * FRAMES_SIDE * FRAMES_SIDE; i++)
    if (!(fabs (outputs[i] - expected.values[i]) <=
            u * fabs (expected.values[i]) + 1e-5))
      g_error ("format %d, %u x %u, value %u is %g and not %g", image->format,
          image->width, image->height, i, outputs[i], expected.values[i]);
}

void
frames_check (Frames *self, const AlexnetImage *image, const AlexnetImage *host,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess)
{
  frames_stage (self, image, region, preprocess);
  frames_check_output (self, host, region, preprocess);
}
