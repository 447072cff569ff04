/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "file/directory.h"
#include "segment.h"

#define PARTS 8 /* segments of a full spool, at least */

/* As it is in the file, little-endian. */
typedef struct {
  guint64 segment, end;
  guint64 crc; /* CRC-32 of both */
} Position;

struct _GstAlexnetSpool {
  char *directory, *position; /* paths; NULL in memory */
  int lock, position_fd;      /* -1: not open */
  guint64 max_bytes;

  GQueue segments;    /* of GstAlexnetSegment, oldest first */
  gboolean is_begun;  /* the newest is this spool's to write to */
  guint64 n_segments; /* numbers that were given away, ever */

  GstAlexnetSpoolPlace taken, acknowledged;
  guint64 n_orphans; /* taken, not acknowledged, and their segment has gone */
  GstAlexnetSpoolCounts counts;
};

const GstAlexnetSpoolCounts *
gst_alexnet_spool_counts (const GstAlexnetSpool *spool)
{
  return &spool->counts;
}

static gboolean
remove_first (GstAlexnetSpool *spool, GError **error)
{
  GstAlexnetSegment *segment = g_queue_peek_head (&spool->segments);

  if (!gst_alexnet_segment_remove (segment, error))
    return FALSE;
  spool->counts.bytes -= segment->size;
  if (segment == g_queue_peek_tail (&spool->segments))
    spool->is_begun = FALSE;
  gst_alexnet_segment_free (g_queue_pop_head (&spool->segments));
  return TRUE;
}

static void
drop (GstAlexnetSpool *spool, guint64 n)
{
  spool->counts.n_dropped += n;
  spool->counts.n_waiting -= n;
}

/* For so many bytes more. */
static gboolean
make_room (GstAlexnetSpool *spool, guint64 size, GError **error)
{
  while (spool->segments.length > 0 &&
      spool->counts.bytes + size > spool->max_bytes) {
    const GstAlexnetSegment *oldest = g_queue_peek_head (&spool->segments);
    guint n_taken = oldest->n_taken - oldest->n_acknowledged;
    guint n_rest = oldest->n - oldest->n_taken;

    if (!remove_first (spool, error))
      return FALSE;
    spool->n_orphans += n_taken;
    drop (spool, n_rest);
  }
  return TRUE;
}

/* All of whose messages are acknowledged. */
static gboolean
remove_finished (GstAlexnetSpool *spool, GError **error)
{
  GstAlexnetSegment *segment;

  while ((segment = g_queue_peek_head (&spool->segments)) &&
      segment->n_acknowledged == segment->n &&
      (spool->segments.length > 1 || !spool->is_begun))
    if (!remove_first (spool, error))
      return FALSE;
  return TRUE;
}

static guint64
crc (const Position *position)
{
  return GUINT64_TO_LE ((guint64) crc32_z (0, (const void *) position,
      G_STRUCT_OFFSET (Position, crc)));
}

/* Without a whole one, everything is sent again. */
static void
load_position (GstAlexnetSpool *spool)
{
  Position position;

  if (pread (spool->position_fd, &position, sizeof position, 0) !=
          sizeof position ||
      position.crc != crc (&position))
    return;
  spool->acknowledged.segment = GUINT64_FROM_LE (position.segment);
  spool->acknowledged.end = GUINT64_FROM_LE (position.end);
}

static gboolean
save_position (GstAlexnetSpool *spool, GError **error)
{
  Position position = {
    .segment = GUINT64_TO_LE (spool->acknowledged.segment),
    .end = GUINT64_TO_LE (spool->acknowledged.end),
  };
  gssize written;

  if (!spool->directory)
    return TRUE;
  position.crc = crc (&position);
  written = pwrite (spool->position_fd, &position, sizeof position, 0);
  return written == sizeof position ||
      gst_alexnet_file_fail ("write to", spool->position,
          written < 0 ? errno : ENOSPC, error);
}

/* FALSE: the file is none of ours. */
static gboolean
is_segment (const GstAlexnetSpool *spool, const char *name, guint64 *number)
{
  g_autofree char *digits = g_strndup (name, 16);
  g_autofree char *path = g_build_filename (spool->directory, name, NULL);
  GStatBuf status;

  return strlen (name) == 16 + strlen (".spool") &&
      g_str_has_suffix (name, ".spool") &&
      g_ascii_string_to_unsigned (digits, 16, 0, G_MAXINT64, number, NULL) &&
      g_lstat (path, &status) == 0 && S_ISREG (status.st_mode);
}

static int
compare (gconstpointer a, gconstpointer b, gpointer user)
{
  guint64 x = ((const GstAlexnetSegment *) a)->number;
  guint64 y = ((const GstAlexnetSegment *) b)->number;

  return (x > y) - (x < y);
}

static gboolean
load_segment (GstAlexnetSpool *spool, guint64 number, GError **error)
{
  GstAlexnetSegment *segment = gst_alexnet_segment_new (spool->directory,
      number);
  const GstAlexnetSpoolPlace *acknowledged = &spool->acknowledged;
  gboolean torn = FALSE;

  g_queue_insert_sorted (&spool->segments, segment, compare, NULL);
  spool->n_segments = MAX (spool->n_segments, number + 1);
  if (!gst_alexnet_segment_load (segment,
          number == acknowledged->segment ? acknowledged->end : 0, &torn,
          error))
    return FALSE;
  if (number < acknowledged->segment)
    segment->n_taken = segment->n_acknowledged = segment->n;
  spool->counts.bytes += segment->size;
  spool->counts.n_waiting += segment->n - segment->n_acknowledged;
  spool->counts.n_torn += torn ? 1 : 0;
  spool->counts.n_dropped += torn ? 1 : 0;
  return TRUE;
}

static gboolean
load_segments (GstAlexnetSpool *spool, GError **error)
{
  GDir *files = g_dir_open (spool->directory, 0, NULL);
  const char *name;
  gboolean ok = TRUE;
  guint64 number;

  if (!files)
    return gst_alexnet_file_fail ("list", spool->directory, errno, error);
  while (ok && (name = g_dir_read_name (files)))
    if (is_segment (spool, name, &number))
      ok = load_segment (spool, number, error);
  g_dir_close (files);
  return ok;
}

/* The first that is there is partly acknowledged, or the position is not its.
 */
static void
find_start (GstAlexnetSpool *spool)
{
  const GstAlexnetSegment *first = g_queue_peek_head (&spool->segments);

  if (!first || first->n_acknowledged == 0)
    spool->acknowledged.end = 0;
  spool->taken = spool->acknowledged;
}

static gboolean
load (GstAlexnetSpool *spool, GError **error)
{
  spool->lock = gst_alexnet_directory_open (spool->directory, "spools messages",
      error);
  if (spool->lock < 0)
    return FALSE;
  spool->position_fd = g_open (spool->position, O_RDWR | O_CREAT | O_CLOEXEC,
      0666);
  if (spool->position_fd < 0)
    return gst_alexnet_file_fail ("open", spool->position, errno, error);
  load_position (spool);
  spool->n_segments = spool->acknowledged.segment + 1;
  if (!load_segments (spool, error) || !remove_finished (spool, error))
    return FALSE;
  find_start (spool);
  return make_room (spool, 0, error);
}

GstAlexnetSpool *
gst_alexnet_spool_open (const char *directory, guint64 max_bytes,
    GError **error)
{
  g_autoptr (GstAlexnetSpool) spool = g_new0 (GstAlexnetSpool, 1);

  spool->lock = spool->position_fd = -1;
  spool->max_bytes = max_bytes;
  g_queue_init (&spool->segments);
  if (!directory)
    return g_steal_pointer (&spool);
  spool->directory = g_strdup (directory);
  spool->position = g_build_filename (directory, "position", NULL);
  if (!load (spool, error))
    return NULL;
  return g_steal_pointer (&spool);
}

/* What cannot be removed is by the next spool. */
void
gst_alexnet_spool_close (GstAlexnetSpool *spool)
{
  if (!spool)
    return;
  spool->is_begun = FALSE;
  if (spool->lock >= 0 && remove_finished (spool, NULL) &&
      spool->segments.length == 0)
    g_unlink (spool->position);
  if (spool->position_fd >= 0)
    close (spool->position_fd);
  if (spool->lock >= 0)
    close (spool->lock);
  g_queue_clear_full (&spool->segments,
      (GDestroyNotify) gst_alexnet_segment_free);
  g_free (spool->position);
  g_free (spool->directory);
  g_free (spool);
}

gboolean
gst_alexnet_spool_append (GstAlexnetSpool *spool, GBytes *message,
    GError **error)
{
  guint64 size = GST_ALEXNET_SEGMENT_HEADER + g_bytes_get_size (message);
  GstAlexnetSegment *newest;

  if (size > spool->max_bytes) {
    spool->counts.n_dropped++;
    return TRUE;
  }
  if (!make_room (spool, size, error))
    return FALSE;
  newest = g_queue_peek_tail (&spool->segments);
  if (!newest || !spool->is_begun ||
      newest->size + size > spool->max_bytes / PARTS) {
    newest = gst_alexnet_segment_new (spool->directory, spool->n_segments++);
    g_queue_push_tail (&spool->segments, newest);
    spool->is_begun = TRUE;
  }
  if (!gst_alexnet_segment_append (newest, message, error))
    return FALSE;
  spool->counts.bytes += size;
  spool->counts.n_waiting++;
  return remove_finished (spool, error);
}

static GBytes *
take (GstAlexnetSpool *spool, GstAlexnetSegment *segment, GError **error)
{
  GstAlexnetSpoolPlace *taken = &spool->taken;
  GError *cause = NULL;
  GBytes *message;

  if (segment->number != taken->segment)
    *taken = (GstAlexnetSpoolPlace){ segment->number, 0 };
  message = gst_alexnet_segment_read (segment, &taken->end, &cause);
  if (message) {
    segment->n_taken++;
  } else if (g_error_matches (cause, GST_RESOURCE_ERROR,
                 GST_RESOURCE_ERROR_READ)) {
    drop (spool, segment->n - segment->n_taken);
    segment->n = segment->n_taken;
    spool->is_begun &= segment != g_queue_peek_tail (&spool->segments);
    remove_finished (spool, NULL);
  }
  if (cause)
    g_propagate_error (error, cause);
  return message;
}

GBytes *
gst_alexnet_spool_take (GstAlexnetSpool *spool, GstAlexnetSpoolPlace *place,
    GError **error)
{
  for (GList *at = spool->segments.head; at; at = at->next) {
    GstAlexnetSegment *segment = at->data;

    if (segment->n_taken < segment->n) {
      GBytes *message = take (spool, segment, error);

      *place = spool->taken;
      return message;
    }
    if (at->next)
      gst_alexnet_segment_close (segment);
  }
  return NULL;
}

gboolean
gst_alexnet_spool_acknowledge (GstAlexnetSpool *spool,
    const GstAlexnetSpoolPlace *place, GError **error)
{
  spool->counts.n_waiting--;
  for (GList *at = spool->segments.head; at; at = at->next) {
    GstAlexnetSegment *segment = at->data;

    if (segment->number == place->segment) {
      segment->n_acknowledged++;
      spool->acknowledged = *place;
      return save_position (spool, error) && remove_finished (spool, error);
    }
  }
  spool->n_orphans--;
  return TRUE;
}

void
gst_alexnet_spool_rewind (GstAlexnetSpool *spool)
{
  for (GList *at = spool->segments.head; at; at = at->next) {
    GstAlexnetSegment *segment = at->data;

    segment->n_taken = segment->n_acknowledged;
  }
  drop (spool, spool->n_orphans);
  spool->n_orphans = 0;
  spool->taken = spool->acknowledged;
}
