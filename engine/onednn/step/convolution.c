/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "convolution.h"

#include "onednn/dnnl/isa.h"

/* A weight costs as much to read as so many multiplications. */
#define READ_COST 14

double
alexnet_onednn_convolution_cost (const AlexnetLayer *layer, gsize n_products,
    gsize rows)
{
  return (double) n_products * layer->in.channels * layer->channels /
      layer->groups * ((double) rows + READ_COST);
}

double
alexnet_onednn_convolution_direct_cost (const AlexnetLayer *layer, guint batch)
{
  return alexnet_onednn_convolution_cost (layer, layer->kernel * layer->kernel,
      (gsize) batch * layer->out.height * layer->out.width);
}

gboolean
alexnet_onednn_convolution_is_trusted (const AlexnetLayer *layer)
{
  gboolean reads_too_far = dnnl_version ()->major < 3 &&
      alexnet_onednn_has_amx ();

  return layer->stride == 1 && !reads_too_far;
}
