/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef MODELS_H
#define MODELS_H

#include "alexnet.h"

G_BEGIN_DECLS

#define MODELS_SIDE 64

/* The model in the file at `path`; NULL: the demonstration model. It has to
 * load. */
AlexnetModel *models_load (const char *path);

/* The same with `params`. */
AlexnetModel *models_load_with (const char *path,
    const AlexnetModelParams *params);

/* The file of this name in tests/data/models. g_free() it. */
char *models_path (const char *name);

/* Noise, another for each `seed`: RGB, MODELS_SIDE pixels wide and high, which
 * are written to `pixels`. */
AlexnetImage models_make_image (guint8 pixels[MODELS_SIDE * MODELS_SIDE * 3],
    guint seed);

/* Writes the file that a calibration with images of the seeds 0 to n - 1
 * does. */
void models_calibrate (AlexnetModel *model, guint n, const char *path);

G_END_DECLS

#endif /* MODELS_H */
