/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of preprocessing share: their data, a run into memory, and
 * how far results may be from what was expected. */

#ifndef PREPROCESS_RUN_H
#define PREPROCESS_RUN_H

#include "preprocess-reference.h"

/* To 224 of 256; values 0..255, and torchvision's normalisation. */
extern const AlexnetPreprocess preprocess_levels;
extern const AlexnetPreprocess preprocess_imagenet;

/* Files of tests/data: lines of a text; a gzip file of exactly `size` bytes
 * unpacked. */
char **data_read_lines (const char *name);
guint8 *data_read_gz (const char *name, gsize size);

/* For frame_new(). */
guint8 *data_read_photo (void);

typedef struct {
  guint n_channels, size;
  guint rows;    /* that came, in order */
  float *values; /* [n_channels][size][size] */
} Output;

/* An AlexnetRowFunc. */
void output_take_row (gpointer output, guint y, const float *const *channels);
Output output_run_channels (AlexnetTransform *transform,
    const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint n_channels, guint size);

/* Three of them. */
Output output_run (AlexnetTransform *transform, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess,
    guint size);

/* With a transform of its own. */
Output output_run_once (const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint size);
void output_clear (Output *output);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Output, output_clear)

/* Y'CbCr against a reference: values 0..255, at most one level apart
 * after rounding, and on average no more than rounding explains. */
typedef struct {
  guint n, beyond, worst;
  double sum;
} Difference;

void difference_add (Difference *difference, float value, float expected);

/* Fails the test, saying `what`, when a value is more than a level away or
 * the average is above `mean`. */
void difference_check (const Difference *difference, double mean,
    const char *what);

/* Compares a run with the reference, and with what a GPU thread computes, at
 * every `step`-th pixel of the input. */
void output_compare (const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint size, guint step);

#endif /* PREPROCESS_RUN_H */
