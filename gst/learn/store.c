/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/directory.h"

typedef struct {
  char *file, *line; /* the line with its newline */
  guint64 size;
} Example;

struct _GstAlexnetStore {
  char *directory, *index; /* paths */
  int lock;                /* descriptor of the directory; -1: none */
  GstAlexnetStoreLimit limit;
  GQueue examples; /* of Example, oldest first */
  guint64 bytes;
  guint n_dead; /* lines of the index without an example */
};

static void
example_free (gpointer data)
{
  Example *example = data;

  g_free (example->file);
  g_free (example->line);
  g_free (example);
}

static gboolean
write_file (const char *path, const void *bytes, gsize size, GError **error)
{
  g_autoptr (GError) cause = NULL;
  gboolean is_full;

  if (g_file_set_contents (path, bytes, size, &cause))
    return TRUE;
  is_full = g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
  g_set_error (error, GST_RESOURCE_ERROR,
      is_full ? GST_RESOURCE_ERROR_NO_SPACE_LEFT : GST_RESOURCE_ERROR_WRITE,
      "cannot write an example: %s", cause->message);
  return FALSE;
}

/* The name that a line has, a file's in the directory; NULL: it has none. */
static char *
parse_name (const char *line)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root, *file = NULL;
  const char *name;

  if (!json_parser_load_from_data (parser, line, -1, NULL))
    return NULL;
  root = json_parser_get_root (parser);
  if (root && JSON_NODE_HOLDS_OBJECT (root))
    file = json_object_get_member (json_node_get_object (root), "file");
  name = file && JSON_NODE_HOLDS_VALUE (file) ? json_node_get_string (file)
                                              : NULL;
  if (!name || *name == '.' || *name == '\0' || strchr (name, '/'))
    return NULL;
  return g_strdup (name);
}

static void
append (GstAlexnetStore *store, const char *file, const char *line,
    guint64 size)
{
  Example *example = g_new (Example, 1);

  example->file = g_strdup (file);
  example->line = g_strdup (line);
  example->size = size;
  g_queue_push_tail (&store->examples, example);
  store->bytes += size;
}

/* FALSE: it is no example, or none any more. */
static gboolean
load_line (GstAlexnetStore *store, const char *text)
{
  g_autofree char *name = parse_name (text);
  g_autofree char *path = NULL;
  g_autofree char *line = NULL;
  GStatBuf status;

  if (!name)
    return FALSE;
  path = g_build_filename (store->directory, name, NULL);
  if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode))
    return FALSE;
  line = g_strconcat (text, "\n", NULL);
  append (store, name, line, status.st_size);
  return TRUE;
}

static gboolean
load_index (GstAlexnetStore *store, GError **error)
{
  g_autofree char *contents = NULL;
  g_autoptr (GError) cause = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (store->index, &contents, NULL, &cause)) {
    if (g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
      return TRUE;
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
        "cannot read the examples there are: %s", cause->message);
    return FALSE;
  }
  lines = g_strsplit (contents, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    if (*lines[i] && !load_line (store, lines[i]))
      store->n_dead++;
  return TRUE;
}

static gboolean
rewrite_index (GstAlexnetStore *store, GError **error)
{
  g_autoptr (GString) lines = g_string_new (NULL);

  for (const GList *at = store->examples.head; at; at = at->next)
    g_string_append (lines, ((const Example *) at->data)->line);
  if (!write_file (store->index, lines->str, lines->len, error))
    return FALSE;
  store->n_dead = 0;
  return TRUE;
}

static gboolean
is_over (const GstAlexnetStore *store, guint n, guint64 bytes)
{
  const GstAlexnetStoreLimit *limit = &store->limit;

  return (limit->n != 0 && store->examples.length + n > limit->n) ||
      (limit->bytes != 0 && store->bytes + bytes > limit->bytes);
}

/* For so many more. */
static gboolean
make_room (GstAlexnetStore *store, guint n, guint64 bytes, GError **error)
{
  while (store->examples.length > 0 && is_over (store, n, bytes)) {
    Example *oldest = g_queue_peek_head (&store->examples);
    g_autofree char *path = g_build_filename (store->directory, oldest->file,
        NULL);

    if (g_unlink (path) != 0 && errno != ENOENT)
      return gst_alexnet_file_fail ("remove", path, errno, error);
    store->bytes -= oldest->size;
    store->n_dead++;
    example_free (g_queue_pop_head (&store->examples));
  }
  return TRUE;
}

GstAlexnetStore *
gst_alexnet_store_open (const char *directory,
    const GstAlexnetStoreLimit *limit, GError **error)
{
  g_autoptr (GstAlexnetStore) store = g_new0 (GstAlexnetStore, 1);

  store->directory = g_strdup (directory);
  store->index = g_build_filename (directory, GST_ALEXNET_STORE_INDEX, NULL);
  store->lock = gst_alexnet_directory_open (directory, "saves examples", error);
  store->limit = *limit;
  g_queue_init (&store->examples);
  if (store->lock < 0 || !load_index (store, error) ||
      !make_room (store, 0, 0, error) || !rewrite_index (store, error))
    return NULL;
  return g_steal_pointer (&store);
}

/* Lines that could not be taken out are by the next store, as they are by the
 * next example. */
void
gst_alexnet_store_close (GstAlexnetStore *store)
{
  if (!store)
    return;
  if (store->n_dead > 0)
    rewrite_index (store, NULL);
  if (store->lock >= 0)
    close (store->lock);
  g_queue_clear_full (&store->examples, example_free);
  g_free (store->directory);
  g_free (store->index);
  g_free (store);
}

/* In the order of time, and of no other picture. */
static char *
make_name (const char *suffix)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *second = g_date_time_format (now, "%Y%m%dT%H%M%S");

  return g_strdup_printf ("%s.%06d-%08x.%s", second,
      g_date_time_get_microsecond (now), g_random_int (), suffix);
}

/* All of the line, or nothing. */
static gboolean
append_line (GstAlexnetStore *store, const char *line, GError **error)
{
  int fd = g_open (store->index, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
      0666);
  gsize size = strlen (line);
  gssize written;
  off_t end;
  int number;

  if (fd < 0)
    return gst_alexnet_file_fail ("open", store->index, errno, error);
  end = lseek (fd, 0, SEEK_END);
  written = write (fd, line, size);
  number = written < 0 ? errno : ENOSPC;
  if (written > 0 && (gsize) written < size && ftruncate (fd, end) != 0)
    number = errno;
  close (fd);
  if (written < 0 || (gsize) written < size)
    return gst_alexnet_file_fail ("write to", store->index, number, error);
  return TRUE;
}

static gboolean
write_example (GstAlexnetStore *store, const char *name, const void *picture,
    gsize size, const char *line, GError **error)
{
  g_autofree char *path = g_build_filename (store->directory, name, NULL);

  if (!write_file (path, picture, size, error))
    return FALSE;
  if (append_line (store, line, error))
    return TRUE;
  g_unlink (path);
  return FALSE;
}

gboolean
gst_alexnet_store_add (GstAlexnetStore *store, const char *suffix,
    const void *picture, gsize size, const char *object, GError **error)
{
  g_autofree char *name = make_name (suffix);
  g_autofree char *line = g_strdup_printf ("{\"file\":\"%s\",%s%s", name,
      object + 1, g_str_has_suffix (object, "\n") ? "" : "\n");

  if (store->limit.bytes != 0 && size > store->limit.bytes) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
        "an example of %" G_GSIZE_FORMAT " bytes is larger than all of \"%s\" "
        "may be, %" G_GUINT64_FORMAT " bytes",
        size, store->directory, store->limit.bytes);
    return FALSE;
  }
  if (!make_room (store, 1, size, error) ||
      !write_example (store, name, picture, size, line, error))
    return FALSE;
  append (store, name, line, size);
  if (store->n_dead > store->examples.length)
    rewrite_index (store, NULL);
  return TRUE;
}
