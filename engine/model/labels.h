/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_LABELS_H
#define ALEXNET_LABELS_H

#include "tensor/file.h"

G_BEGIN_DECLS

#define ALEXNET_N_IMAGENET_LABELS 1000

/* The category names of ImageNet-1k as torchvision names and orders them
 * (imagenet-labels.txt is the list of its models/_meta.py); built in. The
 * caller frees them with g_strfreev(). */
char **alexnet_labels_imagenet (void);

/* alexnet_labels_load(), with the file that was read, which the caller
 * unrefs. */
char **alexnet_labels_load_file (const char *path, AlexnetFile **file,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_LABELS_H */
