/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the element needs of the engine: model and labels from READY on, the
 * engine and a stream of it in PAUSED and PLAYING.
 *
 * Thread-safety: constant while pads are active, but for `preprocess`, what the
 * engine itself allows on the stream, and new caps that need another engine:
 * nothing is in flight then. */

#ifndef GST_ALEXNET_SESSION_H
#define GST_ALEXNET_SESSION_H

#include "meta/result.h"
#include "settings.h"

G_BEGIN_DECLS

/* In flight. A frame may need many, each region its own; only what is used
 * takes memory. */
#define GST_ALEXNET_MAX_REQUESTS ALEXNET_MAX_BATCH_SIZE

typedef struct {
  /* Between _load and _unload. */
  AlexnetModel *model;
  GQuark name;    /* of the model: its file's */
  char **labels;  /* one for each class */
  GQuark *quarks; /* of the labels */
  GQuark unknown_label;
  gboolean *ignored; /* by class: it never becomes a state */

  /* Between _start and _stop. */
  AlexnetEngine *engine;
  GQuark backend; /* its name */
  AlexnetStream *stream;
  GstAlexnetAttach attach;
  gboolean ten_crop;
  AlexnetPreprocess preprocess; /* of the sink pad's streaming thread */
  guint depth;                  /* most frames in flight */
  guint64 first_time;           /* ns that one frame takes; 0 = unknown */
  void *cuda_context; /* CUcontext that the engine works in; NULL: the primary
                         one, or none */
} GstAlexnetSession;

/* Loads model and labels and checks all that can be checked without an
 * engine. On failure nothing is loaded. Errors are ALEXNET_ERROR's. `problems`
 * is set as alexnet_model_load_default() does it, or to NULL. */
gboolean gst_alexnet_session_load (GstAlexnetSession *session,
    const GstAlexnetSettings *settings, char ***problems, GError **error);
void gst_alexnet_session_unload (GstAlexnetSession *session);

/* Gets engine and stream; runs the network. On failure nothing is started.
 * `cuda_context` NULL: the device's primary one. */
gboolean gst_alexnet_session_start (GstAlexnetSession *session,
    const GstAlexnetSettings *settings, void *cuda_context, GError **error);
void gst_alexnet_session_stop (GstAlexnetSession *session);

/* Tells the stream, if there is one. */
void gst_alexnet_session_set_flushing (GstAlexnetSession *session,
    gboolean flushing);

/* Frames will come. */
void gst_alexnet_session_announce (GstAlexnetSession *session);

/* What is in flight does not wait for frames that could come. */
void gst_alexnet_session_drain (GstAlexnetSession *session);

/* The user's, or the model's own. */
AlexnetCropMode
gst_alexnet_session_get_crop_mode (const GstAlexnetSession *session,
    const GstAlexnetSettings *settings);

GstAlexnetModelInfo
gst_alexnet_session_get_model_info (const GstAlexnetSession *session);

G_END_DECLS

#endif /* GST_ALEXNET_SESSION_H */
