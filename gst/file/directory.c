/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

gboolean
gst_alexnet_file_fail (const char *what, const char *path, int number,
    GError **error)
{
  g_set_error (error, GST_RESOURCE_ERROR,
      number == ENOSPC ? GST_RESOURCE_ERROR_NO_SPACE_LEFT
                       : GST_RESOURCE_ERROR_WRITE,
      "cannot %s \"%s\": %s", what, path, g_strerror (number));
  return FALSE;
}

static gboolean
lock (int fd, const char *path, const char *use, GError **error)
{
  int status;

  if (access (path, W_OK | X_OK) != 0)
    return gst_alexnet_file_fail ("write to the directory", path, errno, error);
  do
    status = flock (fd, LOCK_EX | LOCK_NB);
  while (status != 0 && errno == EINTR);
  if (status != 0 && errno == EWOULDBLOCK) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY,
        "another element %s in \"%s\"", use, path);
    return FALSE;
  }
  return TRUE;
}

int
gst_alexnet_directory_open (const char *path, const char *use, GError **error)
{
  int fd;

  if (g_mkdir_with_parents (path, 0777) != 0) {
    gst_alexnet_file_fail ("make the directory", path, errno, error);
    return -1;
  }
  fd = g_open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0) {
    gst_alexnet_file_fail ("open the directory", path, errno, error);
    return -1;
  }
  if (lock (fd, path, use, error))
    return fd;
  close (fd);
  return -1;
}
