/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <float.h>
#include <math.h>

#include "formats/chain.h"
#include "formats/json.h"

/* [N,C,H,W]: what a layer or the net says of its first input. */
static gboolean
take_input (CaffeReader *net, const gint64 *dims, guint n, GError **error)
{
  if (n < 4)
    return alexnet_format_error (error,
        "its input has %u dimensions, expected 4", n);
  for (guint i = 1; i < 4; i++)
    if (dims[i] < 1 || dims[i] > ALEXNET_MAX_SIDE)
      return alexnet_format_error (error,
          "dimension %u of its input is %" G_GINT64_FORMAT, i, dims[i]);
  net->input = (AlexnetShape){ (guint) dims[1], (guint) dims[2],
    (guint) dims[3] };
  return TRUE;
}

static gboolean
take_input_shape (CaffeReader *net, const GArray *shapes, GError **error)
{
  CaffeShape shape = { 0 };
  gboolean ok = alexnet_wire_read (net->reader,
      &g_array_index (shapes, AlexnetWireRange, 0), alexnet_caffe_shape, &shape,
      error);

  if (ok)
    ok = shape.dim ? take_input (net, &g_array_index (shape.dim, gint64, 0),
                         shape.dim->len, error)
                   : alexnet_format_error (error, "its input has no shape");
  alexnet_wire_clear (alexnet_caffe_shape, &shape);
  return ok;
}

/* Caffe takes one mean for all channels, or one for each. */
static gboolean
read_means (CaffeReader *net, const GArray *runs, GError **error)
{
  float *mean = net->pixels.mean;
  guint64 n = alexnet_wire_count (runs, sizeof *mean);

  if (n > 3 || n == 2)
    return alexnet_format_error (error,
        "%" G_GUINT64_FORMAT " mean values, expected 1 or 3", n);
  if (!alexnet_wire_copy (net->reader, runs, sizeof *mean, mean, error))
    return FALSE;
  alexnet_dtype_to_float (ALEXNET_DTYPE_F32, mean, mean, (gsize) n);
  if (n == 1)
    mean[1] = mean[2] = mean[0];
  for (guint i = 0; i < G_N_ELEMENTS (net->pixels.mean); i++)
    if (!isfinite (mean[i]))
      return alexnet_format_error (error, "a mean value is not finite");
  return TRUE;
}

static gboolean
read_transformation (CaffeReader *net, const CaffeTransformation *t,
    GError **error)
{
  if (!(t->scale > FLT_MIN && t->scale <= FLT_MAX))
    return alexnet_format_error (error, "its scale is not above 0");
  net->pixels.known = TRUE;
  net->pixels.scale = t->scale;
  net->pixels.has_mean = !t->mean_file;
  if (t->mean_file)
    g_hash_table_insert (net->source->tensors->metadata, g_strdup ("mean_file"),
        g_strdup (t->mean_file));
  return read_means (net, t->mean_value, error);
}

/* Means and deviations are of R, G, B, or only the first. */
void
alexnet_caffe_describe_pixels (CaffeReader *net)
{
  const CaffePixels *pixels = &net->pixels;
  guint n = net->source->network->input.channels == 1 ? 1 : 3;
  double std = 1 / (255.0 * (pixels->known ? pixels->scale : 1));
  const float *bgr = pixels->mean;
  GString *json;

  if (!pixels->known && alexnet_network_normalises (net->source->network))
    return;
  json = g_string_new ("{\"crop_mode\":\"squash\"");
  g_string_append_printf (json, ",\"channels\":\"%s\"", n == 1 ? "L" : "BGR");
  if (pixels->has_mean)
    alexnet_json_append_numbers (json, "mean",
        (const double[]){ bgr[2] / 255.0, bgr[1] / 255.0, bgr[0] / 255.0 }, n);
  alexnet_json_append_numbers (json, "std", (const double[]){ std, std, std },
      n);
  g_string_append_c (json, '}');
  g_hash_table_insert (net->source->tensors->metadata, g_strdup ("preprocess"),
      g_string_free (json, FALSE));
}

/* A net may have one for training and one for tests; the first one counts. */
gboolean
alexnet_caffe_read_data (CaffeReader *net, const CaffeLayer *layer,
    GError **error)
{
  const CaffeTransformation *t = &layer->transformation;
  const CaffeMemoryData *m = &layer->memory_data;
  const gint64 sizes[] = { 1, m->channels, m->height, m->width };

  if (net->source->network || net->current->len > 0)
    return TRUE;
  if (layer->top && layer->top->len > 0)
    alexnet_chain_set (net->current, layer->top->pdata[0]);
  if (m->height != 0 && !take_input (net, sizes, G_N_ELEMENTS (sizes), error))
    return FALSE;
  if (t->crop_size < 0 || t->crop_size > ALEXNET_MAX_SIDE)
    return alexnet_format_error (error, "crop_size is %" G_GINT64_FORMAT,
        t->crop_size);
  if (t->crop_size > 0)
    net->input.height = net->input.width = (guint) t->crop_size;
  return read_transformation (net, t, error);
}

gboolean
alexnet_caffe_read_input (CaffeReader *net, const CaffeLayer *layer,
    GError **error)
{
  if (net->current->len > 0)
    return TRUE;
  if (layer->top && layer->top->len > 0)
    alexnet_chain_set (net->current, layer->top->pdata[0]);
  return !layer->input.shape ||
      take_input_shape (net, layer->input.shape, error);
}

gboolean
alexnet_caffe_read_net_input (CaffeReader *net, const CaffeNet *message,
    GError **error)
{
  if (message->input && message->input->len > 0)
    alexnet_chain_set (net->current, message->input->pdata[0]);
  if (message->input_dim &&
      !take_input (net, &g_array_index (message->input_dim, gint64, 0),
          message->input_dim->len, error))
    return FALSE;
  if (message->input_shape &&
      !take_input_shape (net, message->input_shape, error))
    return FALSE;
  return TRUE;
}
