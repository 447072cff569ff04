/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef MODELS_H
#define MODELS_H

#include "alexnet.h"

G_BEGIN_DECLS

/* The model in the file at `path`; NULL: the demonstration model. */
AlexnetModel *models_load (const char *path);

G_END_DECLS

#endif /* MODELS_H */
