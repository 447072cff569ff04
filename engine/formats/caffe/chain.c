/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Caffe's nets are graphs, of which an AlexNet is a chain. */

#include "formats/chain.h"

#include "private.h"

#define DEFAULT_SIDE 227

gboolean
alexnet_caffe_check_chain (const CaffeReader *net, const CaffeLayer *layer,
    GError **error)
{
  guint n_in = layer->bottom ? layer->bottom->len : 0;
  guint n_out = layer->top ? layer->top->len : 0;
  g_autofree char *quoted = NULL;

  if (n_in != 1 || n_out != 1)
    return alexnet_format_error (error,
        "it has %u inputs and %u outputs, expected one each", n_in, n_out);
  if (net->current->len == 0 ||
      alexnet_chain_holds (net->current, layer->bottom->pdata[0]))
    return TRUE;
  quoted = alexnet_quote (layer->bottom->pdata[0]);
  return alexnet_format_error (error,
      "it reads %s, which is not what the layer before it gives", quoted);
}

gboolean
alexnet_caffe_begin (CaffeReader *net, gsize channels, GError **error)
{
  AlexnetShape *input = &net->input;

  if (net->source->network)
    return TRUE;
  if (input->channels == 0)
    input->channels = (guint) MIN (channels, G_MAXUINT);
  if (input->height == 0)
    input->height = input->width = DEFAULT_SIDE;
  return alexnet_chain_begin (net->source, input, error);
}
