/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Properties as fields of a structure, of every element here: gboolean, int or
 * guint, guint64, float, the values of enums and flags, GstStructure * and
 * char *. A string that is empty is not set: it is stored, and read back, as
 * NULL. The caller holds a lock. */

#ifndef GST_ALEXNET_FIELDS_H
#define GST_ALEXNET_FIELDS_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* The field at an offset of the structure, by the type of the value. FALSE:
 * that is none of these. */
gboolean gst_alexnet_property_store (gpointer structure, gsize offset,
    const GValue *value);
gboolean gst_alexnet_property_read (gconstpointer structure, gsize offset,
    GValue *value);

G_END_DECLS

#endif /* GST_ALEXNET_FIELDS_H */
