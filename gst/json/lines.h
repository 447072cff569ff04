/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lines of text to a file or a descriptor. Each line is written when it is
 * there, with one write(2) where the system allows: nothing is ever waiting to
 * be flushed, and lines of several writers to one file or pipe (up to PIPE_BUF
 * bytes there) do not mix. A reader that does not read makes a write wait, and
 * so does a FIFO that nobody reads yet; gst_alexnet_lines_interrupt() ends the
 * waiting from another thread. All other functions belong to one thread at a
 * time. */

#ifndef GST_ALEXNET_LINES_H
#define GST_ALEXNET_LINES_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  char *name;       /* of the target, for messages; NULL: not open */
  char *fifo;       /* that has had no reader so far, or NULL */
  int fd;           /* -1: as long as there is a `fifo` */
  gboolean owned;   /* closed at the end */
  gsize at_once;    /* most bytes written in one go */
  GstPoll *poll;    /* waits, and can be interrupted */
  GString *pending; /* rest of a line that was interrupted */
} GstAlexnetLines;

void gst_alexnet_lines_init (GstAlexnetLines *lines);
void gst_alexnet_lines_clear (GstAlexnetLines *lines);

/* Opens the file `location`, made empty unless `append`, or without one takes
 * `fd`, which stays the caller's. Never waits: a FIFO that nobody reads is left
 * to the first write. Errors are of domain GST_RESOURCE_ERROR. */
gboolean gst_alexnet_lines_open (GstAlexnetLines *lines, const char *location,
    int fd, gboolean append, GError **error);

/* May find out only now that something could not be written. Closing what is
 * not open does nothing. */
gboolean gst_alexnet_lines_close (GstAlexnetLines *lines, GError **error);

/* Writes `line`, which ends with a newline or is empty, after what an
 * interruption has left. GST_FLOW_FLUSHING: interrupted; a line that was not
 * begun is dropped. GST_FLOW_ERROR: `error` says why. */
GstFlowReturn gst_alexnet_lines_write (GstAlexnetLines *lines, const char *line,
    GError **error);

/* From any thread: writing fails from now on, or no more. */
void gst_alexnet_lines_interrupt (GstAlexnetLines *lines, gboolean interrupt);

G_END_DECLS

#endif /* GST_ALEXNET_LINES_H */
