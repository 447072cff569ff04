/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Microseconds of one thread that motion-threshold costs a frame of 1920x1080
 * of which 64 named regions are compared with what they were, and the same for
 * the whole frame; what their states cost, and that each frame says of all of
 * them what they are:
 *
 *     bench-gates
 *
 * Regions tile the frame. Frames are taken in turn from a ring that is larger
 * than caches are, so that pixels come from memory; each time is the median of
 * many. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meta/result.h"
#include "region/motion.h"
#include "region/state.h"

#define WIDTH 1920
#define HEIGHT 1080
#define N_FRAMES 16
#define N_ROUNDS 10
#define N_STATES 10000
#define TOP_K 5
#define SIDE 8 /* regions in a row and a column */

static const struct {
  const char *name;
  AlexnetFormat format;
  gsize pixel_size; /* bytes in the first plane */
} formats[] = {
  { "NV12, I420", ALEXNET_FORMAT_NV12, 1 },
  { "YUY2", ALEXNET_FORMAT_YUY2, 2 },
  { "RGB", ALEXNET_FORMAT_RGB, 3 },
  { "BGRx", ALEXNET_FORMAT_BGRX, 4 },
};

static guint
compare (const AlexnetImage *image, guint side, GstAlexnetThumbnail *last)
{
  guint n_still = 0;

  for (guint i = 0; i < side * side; i++) {
    const AlexnetRegion region = { i % side * (WIDTH / side),
      i / side * (HEIGHT / side), WIDTH / side, HEIGHT / side };
    GstAlexnetThumbnail now;

    gst_alexnet_thumbnail_take (&now, image, &region);
    n_still += last[i].is_taken &&
        gst_alexnet_thumbnail_compare (&now, &last[i]) < 2;
    last[i] = now;
  }
  return n_still;
}

static int
compare_times (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static gint64
get_median (gint64 *times)
{
  qsort (times, N_ROUNDS * N_FRAMES, sizeof *times, compare_times);
  return times[N_ROUNDS * N_FRAMES / 2];
}

static gint64
measure (const guint8 *pixels, guint format, guint side)
{
  gsize size = formats[format].pixel_size * WIDTH * HEIGHT;
  GstAlexnetThumbnail last[SIDE * SIDE] = { 0 };
  gint64 times[N_ROUNDS * N_FRAMES];
  guint n_still = 0;

  for (guint i = 0; i < N_ROUNDS * N_FRAMES; i++) {
    const AlexnetImage image = { .format = formats[format].format,
      .width = WIDTH,
      .height = HEIGHT,
      .planes = { pixels + i % N_FRAMES * size },
      .strides = { (gssize) (size / HEIGHT) } };
    gint64 begin = g_get_monotonic_time ();

    n_still += compare (&image, side, last);
    times[i] = g_get_monotonic_time () - begin;
  }
  g_assert_cmpuint (n_still, ==, (N_ROUNDS * N_FRAMES - 1) * side * side);
  return get_median (times);
}

/* Classes that change before they are confirmed, so that all is counted. */
static void
measure_states (void)
{
  const GstAlexnetStateRules rules = { .count = 3 };
  GstAlexnetState states[SIDE * SIDE];
  gint64 begin = g_get_monotonic_time ();
  guint n_changed = 0;

  for (guint k = 0; k < SIDE * SIDE; k++)
    gst_alexnet_state_reset (&states[k]);
  for (guint i = 0; i < N_STATES; i++)
    for (guint k = 0; k < SIDE * SIDE; k++) {
      const GstAlexnetEvidence evidence = { .class_id = i / 2 % 2,
        .confidence = 1,
        .running_time = i,
        .stream_time = i };

      n_changed += gst_alexnet_state_add (&states[k], &rules, &evidence);
    }
  g_assert_cmpuint (n_changed, <=, SIDE * SIDE);
  printf ("%-12s %9.1f us\n", "states",
      (double) (g_get_monotonic_time () - begin) / N_STATES);
}

/* With a state and a candidate, and classes of an earlier frame. */
static GArray *
make_regions (void)
{
  static const AlexnetBest best[TOP_K] = { { 0, 0.4f }, { 1, 0.3f },
    { 2, 0.15f }, { 3, 0.1f }, { 4, 0.05f } };
  const AlexnetResult result = { .best = best, .n_best = TOP_K };
  GArray *regions = gst_alexnet_regions_new ();

  for (guint i = 0; i < SIDE * SIDE; i++) {
    g_autofree char *name = g_strdup_printf ("region %u", i);
    GstAlexnetRegion region = {
      .area = { i % SIDE * (WIDTH / SIDE), i / SIDE * (HEIGHT / SIDE),
          WIDTH / SIDE, HEIGHT / SIDE },
      .is_roi = TRUE,
      .id = -1,
      .name = g_quark_from_string (name),
      .origin = GST_ALEXNET_ORIGIN_NAMED,
      .stale = TRUE,
      .classes = gst_alexnet_classes_new (&result),
      .has_state = TRUE,
      .state = { .class_id = 0, .candidate = 1, .n_agreed = 2 },
    };

    g_array_append_val (regions, region);
  }
  return regions;
}

static void
measure_results (void)
{
  const GQuark labels[TOP_K] = { g_quark_from_string ("lamp is on"),
    g_quark_from_string ("lamp is off"), g_quark_from_string ("lamp is red"),
    g_quark_from_string ("no lamp"), g_quark_from_string ("dark") };
  const GstAlexnetModelInfo model = {
    .model = g_quark_from_string ("lamps.safetensors"),
    .backend = g_quark_from_string ("cpu"),
    .unknown_label = g_quark_from_string ("unknown"),
    .labels = labels
  };
  const GstAlexnetFrameInfo info = { .region = { 0, 0, WIDTH, HEIGHT } };
  GArray *regions = make_regions ();
  gint64 made[N_ROUNDS * N_FRAMES], freed[N_ROUNDS * N_FRAMES];

  for (guint i = 0; i < N_ROUNDS * N_FRAMES; i++) {
    gint64 begin = g_get_monotonic_time (), middle;
    GstBuffer *buffer = gst_buffer_new ();

    gst_alexnet_result_attach (regions, &model, &info, 0, FALSE, buffer);
    middle = g_get_monotonic_time ();
    gst_buffer_unref (buffer);
    made[i] = middle - begin;
    freed[i] = g_get_monotonic_time () - middle;
  }
  g_array_unref (regions);
  printf ("%-12s %9" G_GINT64_FORMAT " us, and %" G_GINT64_FORMAT
          " us to free them\n",
      "results", get_median (made), get_median (freed));
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  gst_alexnet_result_register ();
  printf ("%-12s %12s %12s\n", "", "64 regions", "frame");
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    gsize size = N_FRAMES * formats[i].pixel_size * WIDTH * HEIGHT;
    g_autofree guint8 *pixels = g_malloc (size);

    for (gsize k = 0; k < size; k++)
      pixels[k] = k % 251;
    for (guint k = 1; k < N_FRAMES; k++)
      memcpy (pixels + k * size / N_FRAMES, pixels, size / N_FRAMES);
    printf ("%-12s %9" G_GINT64_FORMAT " us %9" G_GINT64_FORMAT " us\n",
        formats[i].name, measure (pixels, i, SIDE), measure (pixels, i, 1));
  }
  measure_states ();
  measure_results ();
  return 0;
}
