/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_INSPECT_EXIF_H
#define ALEXNET_INSPECT_EXIF_H

#include <glib.h>

G_BEGIN_DECLS

/* How the picture in a PNG or WebP is to be turned, 1 to 8 as EXIF numbers it
 * (CIPA DC-008, 4.6.5): 1, as it is, where the file does not say, or is of
 * another kind. */
guint inspect_find_orientation (const guint8 *data, gsize size);

G_END_DECLS

#endif /* ALEXNET_INSPECT_EXIF_H */
