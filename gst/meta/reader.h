/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Metadata -> what a frame was classified as, for elements downstream. All
 * custom metadata "alexnet-classification" is read, whatever elements wrote
 * it; where a buffer has none, GstAnalytics metadata (GStreamer >= 1.24).
 * What is missing there, or of another type, counts as unknown. */

#ifndef GST_ALEXNET_READER_H
#define GST_ALEXNET_READER_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* A number that the metadata does not tell. */
#define GST_ALEXNET_UNKNOWN G_MAXUINT64

typedef struct {
  char *label;      /* UTF-8, never NULL */
  int class_id;     /* -1 where unknown */
  float confidence; /* as it was found: 0..1, or not finite */
} GstAlexnetReadClass;

typedef struct {
  const char *region;         /* "full-frame", or what the writer calls it */
  const char *region_name;    /* that a user gave it, or NULL */
  int roi_id;                 /* -1 where there is none */
  guint64 tracking_id;        /* GST_ALEXNET_UNKNOWN where there is none */
  double x, y, width, height; /* 0..1 of the visible picture */
  gboolean stale;             /* the result is an earlier frame's */
  const char *state;          /* NULL: none is known (yet) */
  GstClockTime since;         /* that it is, in stream time; or NONE */
  const char *candidate;      /* NULL: no change of state is pending */
  guint agreed;               /* results in a row that are of that, or 0 */
  guint64 inference_time;     /* ns, or GST_ALEXNET_UNKNOWN */
  GArray *classes;            /* of GstAlexnetReadClass, best first */
} GstAlexnetReadRegion;

/* Strings that are not a label are borrowed from the buffer. */
typedef struct {
  GstClockTime timestamp, running_time, stream_time, duration; /* or NONE */
  guint64 frame_number;        /* or GST_ALEXNET_UNKNOWN */
  const char *model, *backend; /* NULL where unknown */
  guint nth;                   /* of this model's on the buffer, from 0 */
  GArray *regions;             /* of GstAlexnetReadRegion, at least one */
} GstAlexnetReading;

/* An array of GstAlexnetReading, one for each element that attached a result,
 * in their order, however many copies of it there are; empty when the buffer
 * carries none. `segment` gives the times and the size of the picture in pixels
 * the places that GstAnalytics metadata does not tell; size 0 is unknown. */
GArray *gst_alexnet_readings_new (GstBuffer *buffer, const GstSegment *segment,
    guint width, guint height);
/* Of such a structure itself, which has to last as long. */
void gst_alexnet_reading_init_structure (GstAlexnetReading *reading,
    const GstStructure *structure);
void gst_alexnet_reading_clear (GstAlexnetReading *reading);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstAlexnetReading, gst_alexnet_reading_clear)

/* Whether a stream carries classifications at all: who reads where none come
 * has nothing to do, and no trouble to tell of. Zeroed at the start; the
 * streaming thread's. */
typedef struct {
  guint64 n_buffers;
  gboolean found, told;
} GstAlexnetSearch;

/* `readings` are one buffer's. */
void gst_alexnet_search_note (GstAlexnetSearch *search, const GArray *readings);
/* At the end of the stream: tells in the element's name, once, that no buffer
 * had any. */
void gst_alexnet_search_end (GstAlexnetSearch *search, GstElement *element);

G_END_DECLS

#endif /* GST_ALEXNET_READER_H */
