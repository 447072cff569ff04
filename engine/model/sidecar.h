/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that lie beside a model file and say what it does not. */

#ifndef ALEXNET_SIDECAR_H
#define ALEXNET_SIDECAR_H

#include "tensor/file.h"

G_BEGIN_DECLS

/* The labels in the first of labels.txt, synset_words.txt, ... beside the file
 * `model` that holds `n_classes` of them, and that file; NULL when there is
 * none. What is there and does not fit is added to `notes`, char *. The caller
 * frees both. */
char **alexnet_sidecar_find_labels (const char *model, guint n_classes,
    AlexnetFile **file, GPtrArray *notes);

/* The path of the one file *mean*.binaryproto beside `model`; NULL when there
 * is none, or more than one, which is added to `notes`. The caller frees it. */
char *alexnet_sidecar_find_mean (const char *model, GPtrArray *notes);

G_END_DECLS

#endif /* ALEXNET_SIDECAR_H */
