/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Regions that the user names, written as
 *
 *     name:x,y,width,height
 *
 * Where one of the numbers has a decimal point all are fractions of the visible
 * picture, 0..1; else they are pixels of it. A name is not empty and of any
 * characters but ':' and those that separate regions. Blanks around names and
 * numbers do not count. A list of them is a GArray, constant once it is
 * complete.
 *
 * Errors are ALEXNET_ERROR's, and name the region. */

#ifndef GST_ALEXNET_NAMED_H
#define GST_ALEXNET_NAMED_H

#include "regions.h"

G_BEGIN_DECLS

/* An empty list. */
GArray *gst_alexnet_named_new (void);

/* Appends what `list` has, separated by ';'. INVALID: no such region, a name
 * that is there twice, one that is empty or that no picture has room for. */
gboolean gst_alexnet_named_parse (GArray *named, const char *list,
    GError **error);

/* Appends what the file has, at least one, one a line; lines that are empty or
 * begin with '#' are left out. As above, and NOT_FOUND: it cannot be read, or
 * is not a regular file. */
gboolean gst_alexnet_named_load (GArray *named, const char *path,
    GError **error);

/* FALSE: one has no pixel in frames of this size, or not only such. INVALID. */
gboolean gst_alexnet_named_check (const GArray *named, guint width,
    guint height, GError **error);

/* Makes a track for each, by the quark of its name. */
void gst_alexnet_named_add_tracks (const GArray *named, GHashTable *tracks);

/* Appends them to a frame's regions. What a visible picture that is smaller
 * than the frame cuts off counts as gst_alexnet_regions_add() says. */
void gst_alexnet_named_add (const GArray *named, GArray *regions,
    const AlexnetRegion *visible, guint *n_skipped);

G_END_DECLS

#endif /* GST_ALEXNET_NAMED_H */
