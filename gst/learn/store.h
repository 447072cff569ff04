/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Examples in a directory: pictures, and examples.jsonl with a line of JSON for
 * each, oldest first. What that file lists, of earlier runs too, is what there
 * is; a picture that has been taken away is none any more, and files that it
 * does not list are left alone. The lines of pictures that had to go are taken
 * out when there are as many of them as others, and at the end.
 *
 * Errors are GST_RESOURCE_ERROR's and name the file. Thread-safety: one thread
 * at a time. */

#ifndef GST_ALEXNET_STORE_H
#define GST_ALEXNET_STORE_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_ALEXNET_STORE_INDEX "examples.jsonl"

/* 0: no limit. */
typedef struct {
  guint n;
  guint64 bytes; /* of pictures */
} GstAlexnetStoreLimit;

typedef struct _GstAlexnetStore GstAlexnetStore;

/* Makes the directory if there is none; one store at a time can have it. What
 * is there over the limit goes. */
GstAlexnetStore *gst_alexnet_store_open (const char *directory,
    const GstAlexnetStoreLimit *limit, GError **error);
void gst_alexnet_store_close (GstAlexnetStore *store);

/* Writes a picture and its line, which is `object`, a JSON object that is not
 * empty, with the name of the picture in front as "file"; the oldest ones go
 * until there is room. On failure there is neither. `suffix`: of the name. */
gboolean gst_alexnet_store_add (GstAlexnetStore *store, const char *suffix,
    const void *picture, gsize size, const char *object, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstAlexnetStore, gst_alexnet_store_close)

G_END_DECLS

#endif /* GST_ALEXNET_STORE_H */
