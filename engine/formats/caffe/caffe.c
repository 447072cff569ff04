/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "caffe.h"

#include "formats/chain.h"
#include "private.h"

static gboolean
read_layers (CaffeReader *net, const GArray *layers,
    const AlexnetWireField *fields, GError **error)
{
  for (guint i = 0; i < layers->len; i++) {
    CaffeLayer layer = alexnet_caffe_layer_defaults;
    gboolean ok = alexnet_wire_read (net->reader,
                      &g_array_index (layers, AlexnetWireRange, i), fields,
                      &layer, error) &&
        alexnet_caffe_read_layer (net, &layer, error);

    alexnet_wire_clear (fields, &layer);
    if (!ok)
      return FALSE;
  }
  return TRUE;
}

/* Behind the last layer. */
static gboolean
settle (CaffeReader *net, GError **error)
{
  if (alexnet_affine_settle (&net->affine, net->source, error))
    return TRUE;
  g_prefix_error (error, "what the net gives: ");
  return FALSE;
}

static gboolean
read_net (CaffeReader *net, const CaffeNet *message, GError **error)
{
  gboolean v1 = message->v1_layers != NULL;

  if (!v1 && !message->layers)
    return alexnet_format_error (error, "a net without layers");
  if (v1 && message->layers)
    return alexnet_format_error (error, "a net of V1 and of newer layers");
  net->source->is_caffes = TRUE;
  net->source->kind = g_strdup (v1 ? "Caffe model (V1 layers)" : "Caffe model");
  if (!alexnet_caffe_read_net_input (net, message, error) ||
      !read_layers (net, v1 ? message->v1_layers : message->layers,
          v1 ? alexnet_caffe_v1_layer : alexnet_caffe_layer, error) ||
      !settle (net, error) ||
      !alexnet_chain_finish (net->source, "caffe", error))
    return FALSE;
  alexnet_caffe_describe_pixels (net);
  return TRUE;
}

gboolean
alexnet_caffe_detect (const guint8 *head, gsize size, guint64 file_size)
{
  return alexnet_wire_detect (alexnet_caffe_net, head, size, file_size);
}

gboolean
alexnet_caffe_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error)
{
  g_autoptr (AlexnetWireReader) reader = alexnet_wire_reader_new (file);
  g_autoptr (GPtrArray) current = g_ptr_array_new_with_free_func (g_free);
  CaffeReader net = {
    .source = source, .file = file, .reader = reader, .current = current
  };
  CaffeNet message = { 0 };
  gboolean ok = alexnet_wire_read (reader, NULL, alexnet_caffe_net, &message,
                    error) &&
      read_net (&net, &message, error);

  alexnet_wire_clear (alexnet_caffe_net, &message);
  alexnet_affine_clear (&net.affine);
  return ok;
}
