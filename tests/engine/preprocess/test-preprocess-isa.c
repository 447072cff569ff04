/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every instruction set that this processor has gives the plain loops' bits. */

#include "preprocess/private.h"
#include "support/isas.h"
#include "support/kernels.h"
#include "support/preprocess-run.h"

#include <string.h>

/* Without the model's own. */
#define N_MODES (ALEXNET_N_CROP_MODES - 1)
#define N_INTERPOLATIONS (ALEXNET_N_INTERPOLATIONS - 1)

static guint8 *photo;

static AlexnetTransform *
transform_new (AlexnetIsa isa)
{
  isas_use (isa);
  return alexnet_transform_new ();
}

/* Runs the sets over one frame after the other, without a new transform for
 * each, so that what the last frame left in scratch memory is there. */
typedef struct {
  AlexnetTransform *transforms[ALEXNET_N_ISAS];
  guint n_runs[ALEXNET_N_ISAS]; /* with the loops of the set */
} Sets;

static void
sets_init (Sets *sets)
{
  *sets = (Sets){ 0 };
  for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++)
    sets->transforms[isa] = transform_new (isa);
}

/* Few skips among many cases are no skip of the test: small frames have no
 * whole vectors, and get the plain loops. */
static void
sets_clear (Sets *sets)
{
  for (AlexnetIsa isa = 0; isa < ALEXNET_N_ISAS; isa++) {
    if (sets->transforms[isa] == NULL) {
      g_test_message ("not tested: this processor has no %s",
          alexnet_isa_name (isa));
      continue;
    }
    g_assert_cmpuint (sets->n_runs[isa], >, 0);
    alexnet_transform_free (sets->transforms[isa]);
  }
}

static void
compare_channels (Sets *sets, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess,
    guint n_channels, guint size)
{
  gsize n = n_channels * (gsize) size * size * sizeof (float);
  g_auto (Output) plain = output_run_channels (sets->transforms[0], image,
      region, preprocess, n_channels, size);

  sets->n_runs[0]++;
  for (AlexnetIsa isa = 1; isa <= alexnet_cpu_detect (); isa++) {
    AlexnetTransform *t = sets->transforms[isa];
    g_auto (Output) output = output_run_channels (t, image, region, preprocess,
        n_channels, size);

    sets->n_runs[isa] += t->kernels == alexnet_kernels_get (isa);
    if (memcmp (plain.values, output.values, n) == 0)
      continue;
    g_test_message ("%s differs from plain: format %u, %ux%u to %ux%u, "
                    "mode %u, interpolation %u, resize %u",
        alexnet_isa_name (isa), image->format, image->width, image->height,
        n_channels, size, preprocess->crop_mode, preprocess->interpolation,
        preprocess->resize_size);
    g_test_fail ();
  }
}

static void
compare (Sets *sets, const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint size)
{
  compare_channels (sets, image, region, preprocess, 3, size);
}

static void
test_distinct (void)
{
  for (AlexnetIsa isa = 1; isa <= alexnet_cpu_detect (); isa++)
    g_assert_true (alexnet_kernels_get (isa) != alexnet_kernels_get (isa - 1));
  g_assert_true (alexnet_kernels_get (ALEXNET_ISA_PLAIN) ==
      &alexnet_kernels_plain);
}

/* Every format, all strides, each crop mode, smaller and larger. */
static void
test_formats (void)
{
  static const guint sizes[][2] = { { 1, 1 }, { 15, 40 }, { 37, 5 }, { 64, 48 },
    { 99, 71 }, { 333, 222 }, { 222, 333 } };
  Sets sets;

  sets_init (&sets);
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++)
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
      for (guint flags = 0; flags < 8; flags++) {
        g_autoptr (Frame)
            frame = frame_new (f, sizes[i][0], sizes[i][1], flags, photo, TRUE);
        AlexnetPreprocess p = preprocess_imagenet;

        p.crop_mode = 1 + flags % N_MODES;
        p.interpolation = 1 + (i + flags / N_MODES) % N_INTERPOLATIONS;
        p.resize_size = flags & 1 ? 60 : 47;
        compare_channels (&sets, &frame->image, NULL, &p, flags & 2 ? 1 : 3,
            47);
      }
  sets_clear (&sets);
}

/* Spans and outputs of every length about one, two, four vectors. */
static void
test_lengths (void)
{
  static const AlexnetFormat formats[] = { ALEXNET_FORMAT_RGB,
    ALEXNET_FORMAT_GRAY8, ALEXNET_FORMAT_NV12, ALEXNET_FORMAT_Y444,
    ALEXNET_FORMAT_I420_10LE };
  AlexnetPreprocess p = preprocess_imagenet;
  Sets sets;

  sets_init (&sets);
  p.crop_mode = ALEXNET_CROP_STRETCH;
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
    for (guint width = 1; width < 140; width++) {
      g_autoptr (Frame)
          frame = frame_new (formats[f], width, 31, 0, photo, TRUE);

      for (guint i = 1; i <= N_INTERPOLATIONS; i++) {
        p.interpolation = i;
        compare (&sets, &frame->image, NULL, &p, width % 40 + 1);
      }
    }
  sets_clear (&sets);
}

static void
test_regions (void)
{
  static const AlexnetRegion regions[] = { { 33, 17, 65, 53 }, { 0, 1, 64, 64 },
    { 67, 33, 64, 64 }, { 33, 17, 1, 1 }, { 77, 0, 3, 97 }, { 1, 95, 130, 2 } };
  Sets sets;

  sets_init (&sets);
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 131, 97, 0, photo, TRUE);

    for (guint i = 0; i < G_N_ELEMENTS (regions); i++)
      for (guint site = 1; site <= ALEXNET_SITE_TOP; site++) {
        AlexnetPreprocess p = preprocess_imagenet;

        p.crop_mode = 1 + (i + site) % N_MODES;
        p.interpolation = 1 + i % N_INTERPOLATIONS;
        p.resize_size = 40;
        frame->image.site = site;
        compare (&sets, &frame->image, &regions[i], &p, 35);
      }
  }
  sets_clear (&sets);
}

/* What users have, and the largest and thinnest images. */
static void
test_large (void)
{
  static const struct {
    AlexnetFormat format;
    guint width, height, size;
  } cases[] = { { ALEXNET_FORMAT_I420, 1280, 720, 224 },
    { ALEXNET_FORMAT_NV12, 1920, 1080, 224 },
    { ALEXNET_FORMAT_P010_10LE, 3840, 2160, 227 },
    { ALEXNET_FORMAT_RGB, 1920, 1080, 227 },
    { ALEXNET_FORMAT_RGB, 1, 16384, 9 }, { ALEXNET_FORMAT_NV12, 1, 16384, 224 },
    { ALEXNET_FORMAT_BGRX, 16384, 1, 9 },
    { ALEXNET_FORMAT_I420_10LE, 16384, 1, 224 },
    { ALEXNET_FORMAT_YUY2, 16383, 3, 1024 },
    { ALEXNET_FORMAT_RGB, 90, 60, 1024 },
    { ALEXNET_FORMAT_NV12, 8192, 8192, 224 },
    { ALEXNET_FORMAT_GRAY8, 8192, 8192, 224 } };
  Sets sets;

  sets_init (&sets);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Frame) frame = frame_new (cases[i].format, cases[i].width,
        cases[i].height, FRAME_FLIPPED, photo, TRUE);

    for (guint mode = 1; mode < ALEXNET_N_CROP_MODES; mode++) {
      AlexnetPreprocess p = preprocess_imagenet;

      p.crop_mode = mode;
      p.interpolation = 1 + (i + mode) % N_INTERPOLATIONS;
      compare (&sets, &frame->image, NULL, &p, cases[i].size);
    }
  }
  sets_clear (&sets);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  photo = data_read_photo ();
  kernels_add_tests ("/preprocess-isa", kernels_of_preprocess);
  g_test_add_func ("/preprocess-isa/distinct", test_distinct);
  g_test_add_func ("/preprocess-isa/formats", test_formats);
  g_test_add_func ("/preprocess-isa/lengths", test_lengths);
  g_test_add_func ("/preprocess-isa/regions", test_regions);
  g_test_add_func ("/preprocess-isa/large", test_large);
  status = g_test_run ();
  g_free (photo);
  return status;
}
