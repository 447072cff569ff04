/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#include <setjmp.h>
#include <string.h>

#include <jpeglib.h>
/* Needs the above. */
#include <jerror.h>

/* libjpeg is given the first member and finds the others behind it. */
typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf failed;
  gboolean is_cut;
  char complaint[JMSG_LENGTH_MAX];
} Complaints;

/* Of warnings, which are below 0, keeps the first. */
static void
keep_warning (j_common_ptr jpeg, int level)
{
  Complaints *complaints = (Complaints *) jpeg->err;

  if (level >= 0)
    return;
  if (complaints->base.num_warnings++ == 0)
    complaints->base.format_message (jpeg, complaints->complaint);
  if (complaints->base.msg_code == JWRN_JPEG_EOF)
    complaints->is_cut = TRUE;
}

static void
fail (j_common_ptr jpeg)
{
  Complaints *complaints = (Complaints *) jpeg->err;

  complaints->base.format_message (jpeg, complaints->complaint);
  longjmp (complaints->failed, 1);
}

/* Reads it as far as the coefficients, which is where damage shows. */
static void
read_jpeg (const guint8 *data, gsize size, Complaints *complaints)
{
  struct jpeg_decompress_struct jpeg;

  jpeg.err = jpeg_std_error (&complaints->base);
  complaints->base.emit_message = keep_warning;
  complaints->base.error_exit = fail;
  jpeg_create_decompress (&jpeg);
  if (!setjmp (complaints->failed)) {
    jpeg_mem_src (&jpeg, data, size);
    jpeg_read_header (&jpeg, TRUE);
    jpeg_read_coefficients (&jpeg);
    jpeg_finish_decompress (&jpeg);
  }
  jpeg_destroy_decompress (&jpeg);
}

/* gdk-pixbuf makes a picture of any part of a JPEG and says nothing. */
static gboolean
check_jpeg (const char *path, InspectProgress *progress, GError **error)
{
  g_autofree char *data = NULL;
  Complaints complaints = { 0 };
  gsize size;

  if (!g_file_get_contents (path, &data, &size, error))
    return FALSE;
  if (size < 2 || memcmp (data, "\xff\xd8", 2) != 0)
    return TRUE;
  read_jpeg ((const guint8 *) data, size, &complaints);
  if (complaints.is_cut) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "the file is damaged: this JPEG is cut short");
    return FALSE;
  }
  if (complaints.complaint[0] != '\0') {
    inspect_progress_end (progress);
    inspect_print (stderr, "alexnet-inspect: %s: the file is damaged: %s", path,
        complaints.complaint);
  }
  return TRUE;
}

/* gdk-pixbuf calls a directory a file without data. */
static GdkPixbuf *
read_pixels (const char *path, GError **error)
{
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return gdk_pixbuf_new_from_file (path, error);
  g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
      "it is a directory, expected a file with an image");
  return NULL;
}

GdkPixbuf *
inspect_load_image (const char *path, InspectProgress *progress,
    AlexnetImage *image, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GdkPixbuf) stored = read_pixels (path, &cause);
  GdkPixbuf *pixbuf;

  *image = (AlexnetImage){ 0 };
  if (!stored || !check_jpeg (path, progress, &cause)) {
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
