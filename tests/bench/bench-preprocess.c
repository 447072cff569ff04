/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Milliseconds that one frame takes from its pixels to the network's 3x224x224
 * input, center-crop, on one thread, for each instruction set that the
 * processor has: a table by format and size.
 *
 *     bench-preprocess [FORMAT] [WIDTHxHEIGHT]
 *
 * Each number is the median of single frames, which are taken in turn from
 * more memory than a core's own caches hold, as a decoder delivers them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "support/preprocess-run.h"

#define SIDE 224
#define N_FRAMES 8
#define LEAST_RUNS 25
#define LEAST_TIME (60 * 1000) /* microseconds */

static const char *const formats[ALEXNET_N_FORMATS] = {
  [ALEXNET_FORMAT_RGB] = "RGB",
  [ALEXNET_FORMAT_BGR] = "BGR",
  [ALEXNET_FORMAT_RGBX] = "RGBx",
  [ALEXNET_FORMAT_BGRX] = "BGRx",
  [ALEXNET_FORMAT_XRGB] = "xRGB",
  [ALEXNET_FORMAT_XBGR] = "xBGR",
  [ALEXNET_FORMAT_RGBA] = "RGBA",
  [ALEXNET_FORMAT_BGRA] = "BGRA",
  [ALEXNET_FORMAT_ARGB] = "ARGB",
  [ALEXNET_FORMAT_ABGR] = "ABGR",
  [ALEXNET_FORMAT_GRAY8] = "GRAY8",
  [ALEXNET_FORMAT_NV12] = "NV12",
  [ALEXNET_FORMAT_NV21] = "NV21",
  [ALEXNET_FORMAT_I420] = "I420",
  [ALEXNET_FORMAT_YV12] = "YV12",
  [ALEXNET_FORMAT_YUY2] = "YUY2",
  [ALEXNET_FORMAT_UYVY] = "UYVY",
  [ALEXNET_FORMAT_Y42B] = "Y42B",
  [ALEXNET_FORMAT_Y444] = "Y444",
  [ALEXNET_FORMAT_P010_10LE] = "P010_10LE",
  [ALEXNET_FORMAT_I420_10LE] = "I420_10LE",
};

static const guint sizes[][2] = { { 640, 480 }, { 1280, 720 }, { 1920, 1080 },
  { 3840, 2160 } };

static const AlexnetPreprocess recipe = {
  .crop_mode = ALEXNET_CROP_CENTER,
  .resize_size = 256,
  .interpolation = ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS,
  .mean = { 0.485f, 0.456f, 0.406f },
  .std = { 0.229f, 0.224f, 0.225f },
  .channel_order = ALEXNET_CHANNELS_RGB,
};

typedef struct {
  AlexnetImage images[N_FRAMES];
  guint8 *memory;
} Frames;

/* Planes are as large as the largest of the format may be: 4 bytes a pixel. */
static void
frames_init (Frames *self, AlexnetFormat format, guint width, guint height)
{
  const AlexnetLayout *layout = alexnet_format_get_layout (format);
  gsize plane = (gsize) (width + 1) * (height + 1) *
      (layout->n_planes == 1 ? 4 : layout->bytes);
  gsize size = N_FRAMES * layout->n_planes * plane;
  guint8 *next = self->memory = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    next[i] = (guint8) (i * 2654435761u >> 24);
  for (guint f = 0; f < N_FRAMES; f++) {
    self->images[f] = (AlexnetImage){
      .format = format, .width = width, .height = height
    };
    for (guint p = 0; p < layout->n_planes; p++, next += plane)
      self->images[f].planes[p] = next;
    for (guint c = 0; c < layout->n_components; c++) {
      const AlexnetComponent *component = &layout->components[c];

      self->images[f].strides[component->plane] = (gssize) layout->bytes *
          component->step *
          ((width + component->h_shift) >> component->h_shift);
    }
  }
}

static int
compare (const void *a, const void *b)
{
  gint64 one = *(const gint64 *) a, other = *(const gint64 *) b;

  return (one > other) - (one < other);
}

/* Nanosecond clocks are not GLib's; a batch of frames is long enough for
 * microseconds. */
static double
measure (AlexnetTransform *transform, const Frames *frames)
{
  static float input[3 * SIDE * SIDE];
  Output output = { 3, SIDE, 0, input };
  gint64 times[4096], begin = g_get_monotonic_time ();
  guint n = 0;

  while (n < G_N_ELEMENTS (times) &&
      (n < LEAST_RUNS || g_get_monotonic_time () - begin < LEAST_TIME)) {
    gint64 start = g_get_monotonic_time ();

    output.rows = 0;
    alexnet_transform_run (transform, &frames->images[n % N_FRAMES],
        output_take_row, &output);
    times[n++] = g_get_monotonic_time () - start;
  }
  qsort (times, n, sizeof *times, compare);
  return (double) times[n / 2] / 1000;
}

static void
bench (AlexnetFormat format, guint width, guint height)
{
  Frames frames;

  frames_init (&frames, format, width, height);
  printf ("%-10s %4ux%-4u", formats[format], width, height);
  for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++) {
    AlexnetTransform *transform;
    GError *error = NULL;

    g_setenv ("ALEXNET_CPU_ISA", alexnet_isa_name (isa), TRUE);
    transform = alexnet_transform_new ();
    if (!alexnet_transform_update (transform, &frames.images[0], NULL, &recipe,
            3, SIDE, &error))
      g_error ("%s", error->message);
    printf (" %8.3f", measure (transform, &frames));
    fflush (stdout);
    alexnet_transform_free (transform);
  }
  printf ("\n");
  g_free (frames.memory);
}

int
main (int argc, char *argv[])
{
  printf ("ms a frame           ");
  for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++)
    printf (" %8s", alexnet_isa_name (isa));
  printf ("\n");
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
      g_autofree char *size = g_strdup_printf ("%ux%u", sizes[s][0],
          sizes[s][1]);

      if ((argc < 2 || g_str_equal (argv[1], formats[f])) &&
          (argc < 3 || g_str_equal (argv[2], size)))
        bench (f, sizes[s][0], sizes[s][1]);
    }
  return 0;
}
