/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The labelled photographs of CIFAR-10's test set in tests/data/. */

#ifndef SAMPLE_H
#define SAMPLE_H

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct {
  GdkPixbuf *sheet; /* all images, row by row; RGB */
  JsonParser *parser;
  JsonArray *labels;          /* of the classes */
  JsonArray *truth, *pytorch; /* class by image */
  int tile, columns;
  guint n;
} Sample;

void sample_load (Sample *self);
void sample_clear (Sample *self);

/* Where image `i` begins in the sheet; it is `tile` pixels wide and high. */
void sample_find (const Sample *self, guint i, int *x, int *y);

G_END_DECLS

#endif /* SAMPLE_H */
