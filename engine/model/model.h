/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model file, loaded: see alexnet.h for what it can be asked.
 *
 * What a file's metadata may say (safetensors' __metadata__, all optional):
 * - architecture: "torchvision" or "caffe", also with "alexnet-" before it;
 *   must agree with the tensors, which decide.
 * - labels: a JSON array of as many strings as there are classes.
 * - preprocess: a JSON object of resize (shorter side), crop (must be the
 *   network's input size), mean and std (three numbers each in R, G, B order,
 *   for values 0..1), interpolation ("bilinear-antialias" or "bilinear",
 *   torchvision's name for it), channels ("RGB" or "BGR"). Anything else is
 *   refused, as it could not be honoured.
 * - int8: a JSON object with an object for each convolution, by the name of
 *   its tensors: range (least and most of its input) and scales (of its
 *   filters: the largest weight over 127). "alexnet-inspect calibrate" makes
 *   it.
 * Without it: resize 256; torchvision: RGB, ImageNet's mean and standard
 * deviation; caffe: BGR 0..255 minus (104, 117, 123), that is, mean
 * (123, 117, 104) / 255 and std 1 / 255.
 *
 * Tensors that the network has no use for are ignored. */

#ifndef ALEXNET_MODEL_H
#define ALEXNET_MODEL_H

#include "network/network.h"

G_BEGIN_DECLS

/* The model's, with all weights bound. */
const AlexnetNetwork *alexnet_model_get_network (const AlexnetModel *model);

/* A model from a file in memory, which it keeps; never shared with others.
 * `path` is for messages. */
AlexnetModel *alexnet_model_new_from_bytes (GBytes *bytes, const char *path,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_MODEL_H */
