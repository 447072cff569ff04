/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A thread that makes pictures of crops, with the encoders that GStreamer has,
 * and puts them into a store. What comes while it has enough to do is refused,
 * so that nobody waits for it but who frees it.
 *
 * Thread-safety: one thread at a time. */

#ifndef GST_ALEXNET_WRITER_H
#define GST_ALEXNET_WRITER_H

#include "store.h"

G_BEGIN_DECLS

/* Crops that can wait. */
#define GST_ALEXNET_WRITER_QUEUE 16

typedef enum {
  GST_ALEXNET_PICTURE_JPEG,
  GST_ALEXNET_PICTURE_PNG,
} GstAlexnetPicture;

typedef struct _GstAlexnetWriter GstAlexnetWriter;

/* From the writer's thread, of each crop; `error`: why it is not saved, or
 * NULL. */
typedef void (*GstAlexnetWriterFunc) (gpointer user, const GError *error);

/* Takes the store, also on failure: there is no encoder. */
GstAlexnetWriter *gst_alexnet_writer_new (GstAlexnetStore *store,
    GstAlexnetPicture picture, GstAlexnetWriterFunc func, gpointer user,
    GError **error);

/* Saves what waits. */
void gst_alexnet_writer_free (GstAlexnetWriter *writer);

gboolean gst_alexnet_writer_is_full (GstAlexnetWriter *writer);

/* While it is not full. Takes a crop whose info, a result's structure of one
 * region, becomes its line. */
void gst_alexnet_writer_add (GstAlexnetWriter *writer, GstSample *crop);

G_END_DECLS

#endif /* GST_ALEXNET_WRITER_H */
