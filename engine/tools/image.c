/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#define JPEG_START 0xd8
#define JPEG_END 0xd9

/* What stands alone between two markers or within a scan: stuffed zeros, fill
 * bytes, TEM, RST0 .. RST7, SOI (ITU-T T.81, B.1.1). */
static gboolean
has_no_segment (guint8 marker)
{
  return marker == 0 || marker == 1 || marker == 0xff ||
      (marker >= 0xd0 && marker <= JPEG_START);
}

/* Segments say how long they are, a scan goes on until the next marker. */
static gboolean
has_jpeg_end (const guint8 *data, gsize size)
{
  gsize at = 0;

  while (at + 2 <= size) {
    guint8 marker = data[at + 1];

    if (data[at] != 0xff || marker == 0xff) {
      at++;
    } else if (marker == JPEG_END) {
      return TRUE;
    } else if (has_no_segment (marker)) {
      at += 2;
    } else {
      if (size - at < 4)
        return FALSE;
      at += 2 + (data[at + 2] << 8 | data[at + 3]);
    }
  }
  return FALSE;
}

/* gdk-pixbuf makes a picture of any part of a JPEG and says nothing. */
static gboolean
check_whole (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, error))
    return FALSE;
  if (size < 2 || (guint8) data[0] != 0xff || (guint8) data[1] != JPEG_START ||
      has_jpeg_end ((const guint8 *) data, size))
    return TRUE;
  g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
      "the file is damaged: this JPEG is cut short");
  return FALSE;
}

GdkPixbuf *
inspect_load_image (const char *path, AlexnetImage *image, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GdkPixbuf) stored = gdk_pixbuf_new_from_file (path, &cause);
  GdkPixbuf *pixbuf;

  *image = (AlexnetImage){ 0 };
  if (!stored || !check_whole (path, &cause)) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        cause->message);
    return NULL;
  }
  pixbuf = gdk_pixbuf_apply_embedded_orientation (stored);
  image->format = gdk_pixbuf_get_has_alpha (pixbuf) ? ALEXNET_FORMAT_RGBA
                                                    : ALEXNET_FORMAT_RGB;
  image->width = (guint) gdk_pixbuf_get_width (pixbuf);
  image->height = (guint) gdk_pixbuf_get_height (pixbuf);
  image->planes[0] = gdk_pixbuf_read_pixels (pixbuf);
  image->strides[0] = gdk_pixbuf_get_rowstride (pixbuf);
  return pixbuf;
}
