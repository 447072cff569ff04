/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "exif.h"
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
check_jpeg (const char *path, const guint8 *data, gsize size,
    InspectProgress *progress, GError **error)
{
  Complaints complaints = { 0 };

  if (size < 2 || memcmp (data, "\xff\xd8", 2) != 0)
    return TRUE;
  read_jpeg (data, size, &complaints);
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

/* Nor did the first loaders for WebP; its size is in front. */
static gboolean
check_webp (const guint8 *data, gsize size, GError **error)
{
  guint32 expected;

  if (size < 12 || memcmp (data, "RIFF", 4) != 0 ||
      memcmp (data + 8, "WEBP", 4) != 0)
    return TRUE;
  memcpy (&expected, data + 4, sizeof expected);
  if (size - 8 >= GUINT32_FROM_LE (expected))
    return TRUE;
  g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
      "the file is damaged: this WebP is cut short");
  return FALSE;
}

/* Upright: before 2.44 gdk-pixbuf reads no EXIF in a PNG or WebP. */
static GdkPixbuf *
turn (GdkPixbuf *stored, const guint8 *data, gsize size)
{
  if (!gdk_pixbuf_get_option (stored, "orientation")) {
    g_autofree char *orientation = g_strdup_printf ("%u",
        inspect_find_orientation (data, size));
    gdk_pixbuf_set_option (stored, "orientation", orientation);
  }
  return gdk_pixbuf_apply_embedded_orientation (stored);
}

/* gdk-pixbuf calls a directory a file without data, and returns both an error
 * and what there is of a GIF that is cut short. */
static GdkPixbuf *
read_pixels (const char *path, InspectProgress *progress, GError **error)
{
  g_autoptr (GdkPixbuf) stored = NULL;
  g_autofree char *contents = NULL;
  const guint8 *data;
  GError *cause = NULL;
  gsize size;

  if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "it is a directory, expected a file with an image");
    return NULL;
  }
  stored = gdk_pixbuf_new_from_file (path, &cause);
  if (cause) {
    g_propagate_error (error, cause);
    return NULL;
  }
  if (!g_file_get_contents (path, &contents, &size, error))
    return NULL;
  data = (const guint8 *) contents;
  if (!check_jpeg (path, data, size, progress, error) ||
      !check_webp (data, size, error))
    return NULL;
  return turn (stored, data, size);
}

GdkPixbuf *
inspect_load_image (const char *path, InspectProgress *progress,
    AlexnetImage *image, GError **error)
{
  g_autoptr (GError) cause = NULL;
  GdkPixbuf *pixbuf = read_pixels (path, progress, &cause);

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
