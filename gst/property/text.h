/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Properties that are strings, of every element here: an empty one is not set,
 * as NULL, which it reads back as. */

#ifndef GST_ALEXNET_TEXT_H
#define GST_ALEXNET_TEXT_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Puts a copy of what the value has, or NULL, in place of the string. */
void gst_alexnet_property_set_text (char **string, const GValue *value);

G_END_DECLS

#endif /* GST_ALEXNET_TEXT_H */
