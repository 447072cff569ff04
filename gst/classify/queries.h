/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the element answers: caps, how buffers are to be allocated, how late
 * frames come out, and the CUDA context. */

#ifndef GST_ALEXNET_QUERIES_H
#define GST_ALEXNET_QUERIES_H

#include "element.h"

G_BEGIN_DECLS

/* The pads' functions. Serialized queries wait until all that came before them
 * is out. */
gboolean gst_alexnet_classify_query_sink (GstPad *pad, GstObject *parent,
    GstQuery *query);
gboolean gst_alexnet_classify_query_src (GstPad *pad, GstObject *parent,
    GstQuery *query);

G_END_DECLS

#endif /* GST_ALEXNET_QUERIES_H */
