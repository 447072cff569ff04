/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the engine's results of one region come to: its classes. */

#ifndef GST_ALEXNET_CLASSES_H
#define GST_ALEXNET_CLASSES_H

#include <glib.h>

#include "alexnet.h"

G_BEGIN_DECLS

#define GST_ALEXNET_NO_CLASS G_MAXUINT

/* Reference counted; constant once ranked. */
typedef struct {
  guint n_classes, n_embedding;
  float *probabilities;               /* [n_classes], softmax; NULL: only the
                                         best classes are known */
  float *embedding;                   /* [n_embedding]; NULL: not asked for */
  guint64 queue_time, inference_time; /* ns; the longest of its requests */

  /* The classes that are kept, best first. */
  guint n;
  guint *class_ids;
  float *confidences; /* 0..1 */
} GstAlexnetClasses;

/* For a request's result: begins with its best classes, or with no class and
 * probabilities of zero if it has any; an embedding, if it has one, of zero. */
GstAlexnetClasses *gst_alexnet_classes_new (const AlexnetResult *view);
GstAlexnetClasses *gst_alexnet_classes_ref (GstAlexnetClasses *classes);
void gst_alexnet_classes_unref (GstAlexnetClasses *classes);

/* Keeps the `top_k` most probable classes of at least `threshold`, as far as
 * they are known. */
void gst_alexnet_classes_rank (GstAlexnetClasses *classes, guint top_k,
    float threshold);

/* The names in a list of classes that has commas between them, without the
 * blanks around them; to be freed. `\,` and `\\` are a comma and a backslash of
 * a name. NULL: there are none. */
char **gst_alexnet_class_names_split (const char *list);

G_END_DECLS

#endif /* GST_ALEXNET_CLASSES_H */
