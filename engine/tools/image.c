/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

GdkPixbuf *
inspect_load_image (const char *path, AlexnetImage *image, GError **error)
{
  g_autoptr (GError) cause = NULL;
  GdkPixbuf *pixbuf = gdk_pixbuf_new_from_file (path, &cause);

  *image = (AlexnetImage){ 0 };
  if (!pixbuf) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        cause->message);
    return NULL;
  }
  image->format = gdk_pixbuf_get_has_alpha (pixbuf) ? ALEXNET_FORMAT_RGBA
                                                    : ALEXNET_FORMAT_RGB;
  image->width = (guint) gdk_pixbuf_get_width (pixbuf);
  image->height = (guint) gdk_pixbuf_get_height (pixbuf);
  image->planes[0] = gdk_pixbuf_read_pixels (pixbuf);
  image->strides[0] = gdk_pixbuf_get_rowstride (pixbuf);
  return pixbuf;
}
