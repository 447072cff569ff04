/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define READER_INTERVAL (50 * GST_MSECOND)

void
gst_alexnet_lines_init (GstAlexnetLines *lines)
{
  *lines = (GstAlexnetLines){
    .fd = -1,
    .poll = gst_poll_new (TRUE),
    .pending = g_string_new (NULL),
  };
}

void
gst_alexnet_lines_clear (GstAlexnetLines *lines)
{
  gst_alexnet_lines_close (lines, NULL);
  gst_poll_free (lines->poll);
  g_string_free (lines->pending, TRUE);
}

static void
set_error (GError **error, GstResourceError code, const char *what,
    const GstAlexnetLines *lines, int number)
{
  g_set_error (error, GST_RESOURCE_ERROR,
      number == ENOSPC ? GST_RESOURCE_ERROR_NO_SPACE_LEFT : code, "%s %s: %s",
      what, lines->name, g_strerror (number));
}

/* The file is open for writing as `fd`, which cannot be read. */
static gboolean
ends_within_line (int fd, const char *location)
{
  struct stat status;
  char end = '\n';
  int reader;

  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode) ||
      status.st_size == 0)
    return FALSE;
  reader = g_open (location, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  if (reader < 0)
    return FALSE;
  if (pread (reader, &end, 1, status.st_size - 1) != 1)
    end = '\n';
  close (reader);
  return end != '\n';
}

/* What was not written whole, as when a disk is full, stays a line by itself.
 * 0, or the number of the error: ENXIO of a FIFO that nobody reads. */
static int
open_file (GstAlexnetLines *lines, const char *location, gboolean append)
{
  int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK |
      (append ? 0 : O_TRUNC);

  lines->fd = g_open (location, flags, 0666);
  if (lines->fd < 0)
    return errno;
  fcntl (lines->fd, F_SETFL, O_APPEND);
  if (append && ends_within_line (lines->fd, location) &&
      write (lines->fd, "\n", 1) != 1)
    return errno;
  return 0;
}

static gboolean
is_fifo (const char *location)
{
  struct stat status;

  return g_stat (location, &status) == 0 && S_ISFIFO (status.st_mode);
}

/* 0, or the number of the error. */
static int
open_target (GstAlexnetLines *lines, const char *location, int fd,
    gboolean append)
{
  int flags, number;

  if (location) {
    number = open_file (lines, location, append);
    if (number != ENXIO || !is_fifo (location))
      return number;
    lines->fifo = g_strdup (location);
    return 0;
  }
  flags = fcntl (fd, F_GETFL);
  if (flags < 0)
    return errno;
  lines->fd = fd;
  return (flags & O_ACCMODE) == O_RDONLY ? EBADF : 0;
}

static void
watch (GstAlexnetLines *lines)
{
  GstPollFD poll_fd = GST_POLL_FD_INIT;
  struct stat status;

  lines->at_once = fstat (lines->fd, &status) == 0 && S_ISREG (status.st_mode)
      ? G_MAXSSIZE
      : PIPE_BUF;
  poll_fd.fd = lines->fd;
  gst_poll_add_fd (lines->poll, &poll_fd);
  gst_poll_fd_ctl_write (lines->poll, &poll_fd, TRUE);
}

gboolean
gst_alexnet_lines_open (GstAlexnetLines *lines, const char *location, int fd,
    gboolean append, GError **error)
{
  int number;

  lines->owned = location != NULL;
  lines->name = location ? g_strdup_printf ("file \"%s\"", location)
                         : g_strdup_printf ("descriptor %d", fd);
  number = open_target (lines, location, fd, append);
  if (number != 0) {
    set_error (error, GST_RESOURCE_ERROR_OPEN_WRITE, "cannot open", lines,
        number);
    if (lines->owned && lines->fd >= 0)
      close (lines->fd);
    lines->fd = -1;
    g_clear_pointer (&lines->name, g_free);
    return FALSE;
  }
  if (!lines->fifo)
    watch (lines);
  gst_poll_set_flushing (lines->poll, FALSE);
  g_string_truncate (lines->pending, 0);
  return TRUE;
}

gboolean
gst_alexnet_lines_close (GstAlexnetLines *lines, GError **error)
{
  GstPollFD poll_fd = GST_POLL_FD_INIT;
  gboolean ok = TRUE;

  if (!lines->name)
    return TRUE;
  poll_fd.fd = lines->fd;
  if (!lines->fifo)
    gst_poll_remove_fd (lines->poll, &poll_fd);
  if (!lines->fifo && lines->owned && close (lines->fd) != 0 &&
      errno != EINTR) {
    set_error (error, GST_RESOURCE_ERROR_CLOSE, "cannot close", lines, errno);
    ok = FALSE;
  }
  lines->fd = -1;
  g_clear_pointer (&lines->fifo, g_free);
  g_clear_pointer (&lines->name, g_free);
  return ok;
}

/* write(2) without the signal that ends a process whose reader has gone. */
static gssize
write_quietly (int fd, const char *bytes, gsize size)
{
  const struct timespec now = { 0, 0 };
  sigset_t pipe_signal, pending, before;
  gssize written;
  int number;

  sigemptyset (&pipe_signal);
  sigaddset (&pipe_signal, SIGPIPE);
  sigpending (&pending);
  if (sigismember (&pending, SIGPIPE))
    return write (fd, bytes, size);
  pthread_sigmask (SIG_BLOCK, &pipe_signal, &before);
  written = write (fd, bytes, size);
  number = errno;
  if (written < 0 && number == EPIPE)
    while (sigtimedwait (&pipe_signal, NULL, &now) < 0 && errno == EINTR)
      ;
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = number;
  return written;
}

/* The system tells nobody when a reader comes. */
static GstFlowReturn
wait_for_reader (GstAlexnetLines *lines, GError **error)
{
  int number;

  while ((number = open_file (lines, lines->fifo, TRUE)) == ENXIO ||
      number == EINTR)
    if (gst_poll_wait (lines->poll, READER_INTERVAL) < 0 && errno == EBUSY)
      return GST_FLOW_FLUSHING;
  if (number != 0) {
    set_error (error, GST_RESOURCE_ERROR_OPEN_WRITE, "cannot open", lines,
        number);
    return GST_FLOW_ERROR;
  }
  g_clear_pointer (&lines->fifo, g_free);
  watch (lines);
  return GST_FLOW_OK;
}

/* Some of what is pending. */
static GstFlowReturn
write_some (GstAlexnetLines *lines, GError **error)
{
  gsize size = MIN (lines->pending->len, lines->at_once);
  gssize written;

  if (gst_poll_wait (lines->poll, GST_CLOCK_TIME_NONE) < 0) {
    if (errno == EBUSY)
      return GST_FLOW_FLUSHING;
  } else {
    written = write_quietly (lines->fd, lines->pending->str, size);
    if (written >= 0) {
      g_string_erase (lines->pending, 0, written);
      return GST_FLOW_OK;
    }
  }
  if (errno == EINTR || errno == EAGAIN)
    return GST_FLOW_OK;
  set_error (error, GST_RESOURCE_ERROR_WRITE, "cannot write to", lines, errno);
  return GST_FLOW_ERROR;
}

GstFlowReturn
gst_alexnet_lines_write (GstAlexnetLines *lines, const char *line,
    GError **error)
{
  gsize size = strlen (line);
  GstFlowReturn flow = GST_FLOW_OK;

  if (lines->fifo)
    flow = wait_for_reader (lines, error);
  if (flow != GST_FLOW_OK)
    return flow;
  g_string_append (lines->pending, line);
  while (flow == GST_FLOW_OK && lines->pending->len > 0)
    flow = write_some (lines, error);
  if (lines->pending->len >= size && flow == GST_FLOW_FLUSHING)
    g_string_truncate (lines->pending, lines->pending->len - size);
  return flow;
}

void
gst_alexnet_lines_interrupt (GstAlexnetLines *lines, gboolean interrupt)
{
  gst_poll_set_flushing (lines->poll, interrupt);
}
