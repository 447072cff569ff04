/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <math.h>

#include "caffe.h"

#define DIMS 3

static gboolean
check_dims (const AlexnetTensor *image, GError **error)
{
  const gsize *dims = image->dims;

  if ((dims[0] == 1 || dims[0] == 3) && dims[1] <= ALEXNET_MAX_SIDE &&
      dims[2] <= ALEXNET_MAX_SIDE)
    return TRUE;
  return alexnet_format_error (error,
      "an image of means [%" G_GSIZE_FORMAT ", %" G_GSIZE_FORMAT
      ", %" G_GSIZE_FORMAT "], expected [3, H, W] or [1, H, W] with sides of "
      "up to %d",
      dims[0], dims[1], dims[2], ALEXNET_MAX_SIDE);
}

/* The mean of each channel of a tight [C,H,W]. */
static gboolean
reduce (double *means, const AlexnetTensor *image, GError **error)
{
  gsize channels = image->dims[0], height = image->dims[1];
  gsize width = image->dims[2];
  const AlexnetTensor lines = { .dtype = image->dtype,
    .n_dims = 2,
    .dims = { channels * height, width },
    .file = image->file,
    .offset = image->offset,
    .data = image->data };
  g_autoptr (AlexnetTensorRows) rows = alexnet_tensor_rows_new (&lines, error);
  g_autofree float *line = g_new (float, width);

  for (gsize i = 0; i < channels * height; i++) {
    if (!rows || !alexnet_tensor_rows_read (rows, i, 1, line, error))
      return FALSE;
    for (gsize x = 0; x < width; x++)
      means[i / height] += line[x];
  }
  for (gsize c = 0; c < channels; c++)
    means[c] /= (double) height * width;
  return TRUE;
}

gboolean
alexnet_caffe_mean_read (AlexnetFile *file, float mean[3], GError **error)
{
  g_autoptr (AlexnetModelSource) source = alexnet_model_source_new ();
  g_autoptr (AlexnetWireReader) reader = alexnet_wire_reader_new (file);
  CaffeReader blobs = { .source = source, .file = file, .reader = reader };
  const AlexnetWireRange all = { 0, alexnet_file_get_size (file) };
  AlexnetTensor image = { .n_dims = DIMS };
  double means[DIMS] = { 0 };

  if (!alexnet_caffe_read_blob (&blobs, &image, &all, error) ||
      !check_dims (&image, error) || !reduce (means, &image, error)) {
    g_prefix_error (error, "mean file: ");
    return FALSE;
  }
  for (guint i = 0; i < DIMS; i++) {
    double value = means[image.dims[0] == 1 ? 0 : DIMS - 1 - i] / 255;

    if (!isfinite (value))
      return alexnet_format_error (error,
          "mean file: a mean that is not finite");
    mean[i] = (float) value;
  }
  return TRUE;
}
