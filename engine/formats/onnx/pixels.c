/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a graph does with a picture before its first layer is how it wants it
 * normalised: it becomes `preprocess` in the metadata, whose mean and std are
 * of R, G, B in 0..1. Nothing in a graph says which range its input has, so
 * the numbers have to. */

#include "private.h"

#include <math.h>

#include "formats/json.h"

#define LEVELS 255.0

/* A mean above 1 is none of values 0..1; what makes a tenth of them does so to
 * 255 levels. */
static gboolean
takes_levels (const OnnxPixels *pixels, guint n)
{
  gboolean levels = pixels->bytes;

  for (guint c = 0; c < n; c++)
    levels |= pixels->scale[c] < 0.1 ||
        -pixels->shift[c] / pixels->scale[c] > 1;
  return levels;
}

void
alexnet_onnx_pixels_init (OnnxPixels *pixels, gboolean bytes)
{
  *pixels = (OnnxPixels){ .bytes = bytes, .scale = { 1, 1, 1 } };
}

void
alexnet_onnx_pixels_change (OnnxPixels *pixels, const double *scale,
    const double *shift, guint n)
{
  for (guint c = 0; c < n; c++) {
    double s = scale ? scale[c] : 1;

    pixels->scale[c] *= s;
    pixels->shift[c] = pixels->shift[c] * s + (shift ? shift[c] : 0);
  }
}

static gboolean
is_changed (const OnnxPixels *pixels, guint n)
{
  gboolean changed = pixels->bytes;

  for (guint c = 0; c < n; c++)
    changed |= pixels->scale[c] != 1 || pixels->shift[c] != 0;
  return changed;
}

/* As (x - mean) / std of values 0..1. */
static gboolean
normalise (const OnnxPixels *pixels, guint n, double *mean, double *std,
    GError **error)
{
  double range = takes_levels (pixels, n) ? LEVELS : 1;

  for (guint c = 0; c < n; c++) {
    mean[c] = -pixels->shift[c] / pixels->scale[c] / range;
    std[c] = 1 / (pixels->scale[c] * range);
    if (!(mean[c] >= 0 && mean[c] <= 1 && std[c] > 0 && isfinite (std[c])))
      return alexnet_format_error (error,
          "its first nodes multiply channel %u by %g and add %g, which "
          "normalises neither 0..1 nor 0..255",
          c, pixels->scale[c], pixels->shift[c] + 0);
  }
  return TRUE;
}

/* Caffe's networks take B, G, R; but red is the brightest of pictures, so means
 * that fall are of R, G, B. */
static gboolean
is_bgr (const AlexnetNetwork *network, const double *mean)
{
  return network->input.channels > 1 && alexnet_network_normalises (network) &&
      mean[0] <= mean[2];
}

static void
swap_ends (double *values)
{
  double first = values[0];

  values[0] = values[2];
  values[2] = first;
}

static char *
describe (const AlexnetNetwork *network, double *mean, double *std)
{
  guint n = network->input.channels;
  gboolean bgr = is_bgr (network, mean);
  GString *json = g_string_new ("{");

  if (bgr) {
    swap_ends (mean);
    swap_ends (std);
  }
  g_string_append_printf (json, "\"channels\":\"%s\"",
      n == 1    ? "L"
          : bgr ? "BGR"
                : "RGB");
  alexnet_json_append_numbers (json, "mean", mean, n);
  alexnet_json_append_numbers (json, "std", std, n);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

gboolean
alexnet_onnx_pixels_describe (OnnxReader *graph, GError **error)
{
  const AlexnetNetwork *network = graph->source->network;
  GHashTable *metadata = graph->source->tensors->metadata;
  double mean[ONNX_MAX_COLOURS], std[ONNX_MAX_COLOURS];
  guint n = network->input.channels;

  if ((n != 1 && n != ONNX_MAX_COLOURS) || !is_changed (&graph->pixels, n))
    return TRUE;
  if (g_hash_table_contains (metadata, "preprocess"))
    return alexnet_format_error (error,
        "its first nodes normalise pictures, and so does preprocess in its "
        "metadata; expected one of them");
  if (!normalise (&graph->pixels, n, mean, std, error))
    return FALSE;
  g_hash_table_insert (metadata, g_strdup ("preprocess"),
      describe (network, mean, std));
  g_ptr_array_add (graph->source->notes,
      g_strdup_printf ("the graph's first nodes normalise pictures of 0..%s",
          takes_levels (&graph->pixels, n) ? "255" : "1"));
  return TRUE;
}
