/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* O_PATH */
#define _GNU_SOURCE

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _AlexnetFile {
  gatomicrefcount n_refs;
  char *path;
  guint64 size;
  GBytes *bytes; /* NULL: a file on disk */
  int fd;
  struct stat status;
};

static const struct {
  mode_t type;
  const char *name;
} types[] = {
  { S_IFDIR, "a directory" },
  { S_IFIFO, "a FIFO" },
  { S_IFCHR, "a device" },
  { S_IFBLK, "a device" },
  { S_IFSOCK, "a socket" },
};

static const char *
type_name (mode_t mode)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if ((mode & S_IFMT) == types[i].type)
      return types[i].name;
  return "something else";
}

char *
alexnet_file_check_type (const struct stat *status)
{
  return S_ISREG (status->st_mode)
      ? NULL
      : g_strdup_printf ("it is %s, expected a regular file",
            type_name (status->st_mode));
}

static void
refuse_open (const char *path, const char *reason, GError **error)
{
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
      "cannot open %s: %s", path, reason);
}

/* Takes `fd` over. */
static AlexnetFile *
new_from_fd (int fd, const char *path, GError **error)
{
  g_autofree char *reason = NULL;
  struct stat status;
  AlexnetFile *file;

  if (fd < 0 || fstat (fd, &status) != 0)
    reason = g_strdup (g_strerror (errno));
  else
    reason = alexnet_file_check_type (&status);
  if (reason) {
    refuse_open (path, reason, error);
    if (fd >= 0)
      close (fd);
    return NULL;
  }
  file = g_new0 (AlexnetFile, 1);
  g_atomic_ref_count_init (&file->n_refs);
  file->path = g_strdup (path);
  file->size = (guint64) status.st_size;
  file->fd = fd;
  file->status = status;
  return file;
}

static gboolean
same_contents (const struct stat *a, const struct stat *b)
{
  return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
      a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static gboolean
same_file (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
      same_contents (a, b);
}

/* A FIFO without a writer would keep a blocking open() waiting. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

AlexnetFile *
alexnet_file_open (const char *path, GError **error)
{
  return new_from_fd (open (path, OPEN_FLAGS), path, error);
}

static gboolean
refuse_name (const AlexnetFile *file, const char *name, const char *reason,
    GError **error)
{
  g_autofree char *escaped = g_strescape (name, NULL);

  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
      "cannot open '%s' beside %s: %s", escaped, file->path, reason);
  return FALSE;
}

static gboolean
check_name (const AlexnetFile *file, const char *name, char **parts,
    GError **error)
{
  if (file->bytes)
    return refuse_name (file, name, "it lies in memory", error);
  if (name[0] == '\0')
    return refuse_name (file, name, "the name is empty", error);
  if (name[0] == '/')
    return refuse_name (file, name, "the name is absolute", error);
  for (guint i = 0; parts[i]; i++)
    if (g_str_equal (parts[i], "..") || parts[i][0] == '\0')
      return refuse_name (file, name,
          "the name has a part that is empty or '..'", error);
  return TRUE;
}

/* Opens one part of a name; sets `link` when it is a symbolic link. */
static int
open_part (int directory, const char *part, int flags, gboolean *link)
{
  int fd = openat (directory, part, flags | O_NOFOLLOW);
  int cause = errno;
  struct stat status;

  *link = fd < 0 &&
      fstatat (directory, part, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK (status.st_mode);
  errno = cause;
  return fd;
}

/* Goes down part by part, so that no link leads elsewhere. */
static int
open_parts (const char *directory, char **parts, gboolean *link)
{
  const int walk = O_PATH | O_DIRECTORY | O_CLOEXEC;
  int fd = open (directory, walk);

  for (guint i = 0; parts[i] && fd >= 0; i++) {
    int above = fd;
    int cause;

    fd = open_part (above, parts[i], parts[i + 1] ? walk : OPEN_FLAGS, link);
    cause = errno;
    close (above);
    errno = cause;
  }
  return fd;
}

/* Where the file lies when its path is a link to it, else NULL. */
static char *
resolve_link (const AlexnetFile *file)
{
  struct stat status;
  g_autofree char *target = NULL;

  if (lstat (file->path, &status) != 0 || !S_ISLNK (status.st_mode))
    return NULL;
  target = realpath (file->path, NULL);
  return target && stat (target, &status) == 0 &&
          same_file (&status, &file->status)
      ? g_steal_pointer (&target)
      : NULL;
}

/* Hugging Face's cache has all files of a model in one directory, and links to
 * them. Where a link beside such a link leads, when that is the same
 * directory, else NULL. */
static char *
follow_link (const AlexnetFile *file, const char *path)
{
  g_autofree char *model = resolve_link (file);
  g_autofree char *target = model ? realpath (path, NULL) : NULL;
  g_autofree char *there = NULL, *here = NULL;

  if (!target)
    return NULL;
  there = g_path_get_dirname (target);
  here = g_path_get_dirname (model);
  return g_str_equal (there, here) ? g_steal_pointer (&target) : NULL;
}

AlexnetFile *
alexnet_file_open_beside (const AlexnetFile *file, const char *name,
    GError **error)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);
  g_autofree char *directory = NULL;
  g_autofree char *path = NULL;
  g_autofree char *target = NULL;
  gboolean link = FALSE;
  int fd;

  if (!check_name (file, name, parts, error))
    return NULL;
  directory = g_path_get_dirname (file->path);
  path = g_build_filename (directory, name, NULL);
  fd = open_parts (directory, parts, &link);
  if (link) {
    target = parts[1] ? NULL : follow_link (file, path);
    if (!target) {
      refuse_name (file, name, "there is a symbolic link in its way", error);
      return NULL;
    }
    fd = open (target, OPEN_FLAGS | O_NOFOLLOW);
  }
  return new_from_fd (fd, path, error);
}

AlexnetFile *
alexnet_file_new_from_bytes (GBytes *bytes, const char *path)
{
  AlexnetFile *file = g_new0 (AlexnetFile, 1);

  g_atomic_ref_count_init (&file->n_refs);
  file->path = g_strdup (path);
  file->size = g_bytes_get_size (bytes);
  file->bytes = g_bytes_ref (bytes);
  file->fd = -1;
  return file;
}

AlexnetFile *
alexnet_file_ref (AlexnetFile *file)
{
  g_atomic_ref_count_inc (&file->n_refs);
  return file;
}

void
alexnet_file_unref (AlexnetFile *file)
{
  if (!file || !g_atomic_ref_count_dec (&file->n_refs))
    return;
  if (file->bytes)
    g_bytes_unref (file->bytes);
  else
    close (file->fd);
  g_free (file->path);
  g_free (file);
}

const char *
alexnet_file_get_path (const AlexnetFile *file)
{
  return file->path;
}

guint64
alexnet_file_get_size (const AlexnetFile *file)
{
  return file->size;
}

gboolean
alexnet_file_equal (const AlexnetFile *a, const AlexnetFile *b)
{
  if (a->bytes || b->bytes)
    return a == b;
  return same_file (&a->status, &b->status);
}

gboolean
alexnet_file_is_current (const AlexnetFile *file)
{
  struct stat now;

  return file->bytes ||
      (stat (file->path, &now) == 0 && same_file (&now, &file->status));
}

static gboolean
read_failed (GError **error)
{
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
      "cannot be read: %s", g_strerror (errno));
  return FALSE;
}

static gboolean
check_unchanged (const AlexnetFile *file, GError **error)
{
  struct stat now;

  if (fstat (file->fd, &now) != 0)
    return read_failed (error);
  if (same_contents (&now, &file->status))
    return TRUE;
  if ((guint64) now.st_size < file->size)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "was cut short from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
        " bytes since it was opened",
        file->size, (guint64) now.st_size);
  else
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "was changed since it was opened");
  return FALSE;
}

/* Stops at the end of the file, which check_unchanged() then explains. */
static gboolean
read_disk (const AlexnetFile *file, guint64 offset, guint8 *out, gsize size,
    GError **error)
{
  gsize done = 0;

  while (done < size) {
    gssize n = pread (file->fd, out + done, size - done,
        (off_t) (offset + done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return read_failed (error);
    if (n == 0)
      break;
    done += (gsize) n;
  }
  return check_unchanged (file, error);
}

static gboolean
check_range (const AlexnetFile *file, guint64 offset, gsize size,
    GError **error)
{
  if (offset <= file->size && size <= file->size - offset)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
      "ends at byte %" G_GUINT64_FORMAT ", expected %" G_GSIZE_FORMAT
      " bytes from byte %" G_GUINT64_FORMAT " on",
      file->size, size, offset);
  return FALSE;
}

gboolean
alexnet_file_read (const AlexnetFile *file, guint64 offset, void *out,
    gsize size, GError **error)
{
  if (!check_range (file, offset, size, error))
    return FALSE;
  if (size == 0)
    return TRUE;
  if (!file->bytes)
    return read_disk (file, offset, out, size, error);
  memcpy (out, (const guint8 *) g_bytes_get_data (file->bytes, NULL) + offset,
      size);
  return TRUE;
}

GBytes *
alexnet_file_read_bytes (const AlexnetFile *file, guint64 offset, gsize size,
    GError **error)
{
  g_autofree guint8 *memory = NULL;

  if (!check_range (file, offset, size, error))
    return NULL;
  if (file->bytes)
    return g_bytes_new_from_bytes (file->bytes, (gsize) offset, size);
  memory = g_try_malloc (MAX (size, 1));
  if (!memory) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "cannot be read: no memory for %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  if (!alexnet_file_read (file, offset, memory, size, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&memory), size);
}
