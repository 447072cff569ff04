/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "reader.h"

#include "formats/caffe/caffe.h"
#include "formats/numpy/npy.h"
#include "formats/onnx/onnx.h"
#include "formats/torch/torch.h"

/* In the order in which they are asked: the sure ones first. */
static const struct {
  const char *name;
  gboolean (*detect) (const guint8 *head, gsize size, guint64 file_size);
  gboolean (*read) (AlexnetModelSource *source, AlexnetFile *file,
      GError **error);
} formats[] = {
  { "safetensors", alexnet_safetensors_detect, alexnet_safetensors_read },
  { "safetensors index", alexnet_safetensors_index_detect,
      alexnet_safetensors_index_read },
  { "PyTorch", alexnet_torch_zip_detect, alexnet_torch_zip_read },
  { "older PyTorch", alexnet_torch_legacy_detect, alexnet_torch_legacy_read },
  { "numpy", alexnet_npy_detect, alexnet_npy_read },
  { "ONNX", alexnet_onnx_detect, alexnet_onnx_read },
  { "Caffe", alexnet_caffe_detect, alexnet_caffe_read },
};

static gboolean
no_format (guint64 size, GError **error)
{
  g_autoptr (GString) names = g_string_new (formats[0].name);

  for (guint i = 1; i < G_N_ELEMENTS (formats); i++)
    g_string_append_printf (names, ", %s", formats[i].name);
  return alexnet_format_error (error,
      "%" G_GUINT64_FORMAT " bytes of no known format (%s)", size, names->str);
}

gboolean
alexnet_model_source_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error)
{
  guint8 head[ALEXNET_HEAD_SIZE];
  guint64 file_size = alexnet_file_get_size (file);
  gsize size = (gsize) MIN (file_size, sizeof head);
  const char *foreign;

  if (!alexnet_file_read (file, 0, head, size, error))
    return FALSE;
  foreign = alexnet_foreign_describe (head, size);
  if (foreign)
    return alexnet_format_error (error, "the file is %s", foreign);
  g_ptr_array_add (source->files, alexnet_file_ref (file));
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (!formats[i].detect (head, size, file_size))
      continue;
    if (formats[i].read (source, file, error))
      return TRUE;
    g_prefix_error (error, "%s file: ", formats[i].name);
    return FALSE;
  }
  return no_format (file_size, error);
}
