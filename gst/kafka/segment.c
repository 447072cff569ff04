/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>
#include <zlib.h>

#include "file/directory.h"

GstAlexnetSegment *
gst_alexnet_segment_new (const char *directory, guint64 number)
{
  GstAlexnetSegment *segment = g_new0 (GstAlexnetSegment, 1);

  segment->number = number;
  segment->fd = -1;
  if (directory)
    segment->path = g_strdup_printf ("%s/%016" G_GINT64_MODIFIER "x.spool",
        directory, number);
  else
    segment->bytes = g_byte_array_new ();
  return segment;
}

void
gst_alexnet_segment_close (GstAlexnetSegment *segment)
{
  if (segment->fd >= 0)
    close (segment->fd);
  segment->fd = -1;
}

void
gst_alexnet_segment_free (GstAlexnetSegment *segment)
{
  gst_alexnet_segment_close (segment);
  g_clear_pointer (&segment->bytes, g_byte_array_unref);
  g_free (segment->path);
  g_free (segment);
}

gboolean
gst_alexnet_segment_remove (GstAlexnetSegment *segment, GError **error)
{
  if (segment->path && g_unlink (segment->path) != 0 && errno != ENOENT)
    return gst_alexnet_file_fail ("remove", segment->path, errno, error);
  return TRUE;
}

static guint32
crc (const void *bytes, gsize size)
{
  return crc32_z (0, bytes, size);
}

/* From any address; those of GStreamer want an aligned one. */
static guint32
read_number (const guint8 *bytes)
{
  guint32 number;

  memcpy (&number, bytes, sizeof number);
  return GUINT32_FROM_LE (number);
}

/* The message that `bytes`, so many of them, begin with; its size, or 0 where
 * there is no whole one. */
static gsize
check (const guint8 *bytes, guint64 size)
{
  guint32 length;

  if (size < GST_ALEXNET_SEGMENT_HEADER)
    return 0;
  length = read_number (bytes);
  if (length == 0 || length > size - GST_ALEXNET_SEGMENT_HEADER ||
      crc (bytes + GST_ALEXNET_SEGMENT_HEADER, length) !=
          read_number (bytes + 4))
    return 0;
  return length;
}

gboolean
gst_alexnet_segment_load (GstAlexnetSegment *segment, guint64 acknowledged,
    gboolean *torn, GError **error)
{
  g_autoptr (GError) cause = NULL;
  GMappedFile *file = g_mapped_file_new (segment->path, FALSE, &cause);
  const guint8 *bytes;
  guint64 size;
  gsize length;

  if (!file) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
        "cannot read the spool: %s", cause->message);
    return FALSE;
  }
  bytes = (const guint8 *) g_mapped_file_get_contents (file);
  size = g_mapped_file_get_length (file);
  while ((length = check (bytes + segment->size, size - segment->size)) > 0) {
    segment->size += GST_ALEXNET_SEGMENT_HEADER + length;
    segment->n++;
    if (segment->size == acknowledged)
      segment->n_taken = segment->n_acknowledged = segment->n;
  }
  *torn = segment->size < size;
  g_mapped_file_unref (file);
  return !*torn || truncate (segment->path, segment->size) == 0 ||
      gst_alexnet_file_fail ("cut", segment->path, errno, error);
}

static gboolean
open_file (GstAlexnetSegment *segment, int flags, GError **error)
{
  if (segment->fd < 0)
    segment->fd = g_open (segment->path, flags | O_RDWR | O_CLOEXEC, 0666);
  return segment->fd >= 0 ||
      gst_alexnet_file_fail ("open", segment->path, errno, error);
}

static gboolean
write_all (GstAlexnetSegment *segment, const guint8 *bytes, gsize size,
    GError **error)
{
  gsize done = 0;

  while (done < size) {
    gssize written = pwrite (segment->fd, bytes + done, size - done,
        segment->size + done);
    int number = errno;

    if (written < 0 && number == EINTR)
      continue;
    if (written <= 0) {
      /* What cannot be cut off is written over, or known as torn. */
      if (ftruncate (segment->fd, segment->size) != 0)
        number = written < 0 ? number : errno;
      return gst_alexnet_file_fail ("write to", segment->path,
          written < 0 ? number : ENOSPC, error);
    }
    done += written;
  }
  return TRUE;
}

gboolean
gst_alexnet_segment_append (GstAlexnetSegment *segment, GBytes *message,
    GError **error)
{
  gsize length, size;
  const void *bytes = g_bytes_get_data (message, &length);
  g_autofree guint8 *record = NULL; /* aligned */

  g_return_val_if_fail (length > 0 && length <= G_MAXINT32, FALSE);
  size = GST_ALEXNET_SEGMENT_HEADER + length;
  record = g_malloc (size);
  GST_WRITE_UINT32_LE (record, length);
  GST_WRITE_UINT32_LE (record + 4, crc (bytes, length));
  memcpy (record + GST_ALEXNET_SEGMENT_HEADER, bytes, length);
  if (segment->bytes)
    g_byte_array_append (segment->bytes, record, size);
  else if (!open_file (segment, O_CREAT, error) ||
      !write_all (segment, record, size, error))
    return FALSE;
  segment->size += size;
  segment->n++;
  return TRUE;
}

/* What was read already lies in front of `offset`. */
static gboolean
read_all (GstAlexnetSegment *segment, guint64 offset, void *bytes, gsize size,
    GError **error)
{
  gsize done = 0;

  if (segment->bytes) {
    memcpy (bytes, segment->bytes->data + offset, size);
    return TRUE;
  }
  while (done < size) {
    gssize n = pread (segment->fd, (guint8 *) bytes + done, size - done,
        offset + done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return gst_alexnet_file_fail ("read", segment->path, n < 0 ? errno : EIO,
          error);
    done += n;
  }
  return TRUE;
}

static GBytes *
fail_damaged (const GstAlexnetSegment *segment, guint64 offset, GError **error)
{
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
      "\"%s\" is not what was written to it, from byte %" G_GUINT64_FORMAT
      " on",
      segment->path, offset);
  return NULL;
}

GBytes *
gst_alexnet_segment_read (GstAlexnetSegment *segment, guint64 *offset,
    GError **error)
{
  guint8 header[GST_ALEXNET_SEGMENT_HEADER];
  g_autofree guint8 *record = NULL;
  guint64 rest = segment->size - *offset;
  gsize length;

  if (segment->path && segment->fd < 0 &&
      !g_file_test (segment->path, G_FILE_TEST_EXISTS))
    return fail_damaged (segment, *offset, error);
  if (segment->path && !open_file (segment, 0, error))
    return NULL;
  if (rest < sizeof header)
    return fail_damaged (segment, *offset, error);
  if (!read_all (segment, *offset, header, sizeof header, error))
    return NULL;
  length = read_number (header);
  if (length == 0 || length > rest - sizeof header)
    return fail_damaged (segment, *offset, error);
  record = g_malloc (length);
  if (!read_all (segment, *offset + sizeof header, record, length, error))
    return NULL;
  if (crc (record, length) != read_number (header + 4))
    return fail_damaged (segment, *offset, error);
  *offset += sizeof header + length;
  return g_bytes_new_take (g_steal_pointer (&record), length);
}
