/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the metadata of a model file: a table of char * -> char *. All errors
 * are FORMAT and name the key.
 *
 * What a file's metadata may say (safetensors' __metadata__, all optional):
 * - architecture: the name of a table (network.h), also with "alexnet-" before
 *   it; must have its tensors' names.
 * - layers: a table of layers that is none of these (table.h); then tensors
 *   have the names that it gives, and architecture says which one it is like.
 * - labels: a JSON array of as many strings as there are classes.
 * - preprocess: a JSON object of crop_mode ("center-crop", "squash", "stretch"
 *   or "letterbox", see AlexnetCropMode), resize (its resize_size), crop (must
 *   be the network's input size), mean and std (three numbers each in R, G, B
 *   order, or one where the network has one channel, for values 0..1),
 *   interpolation ("bilinear-antialias", as Pillow and torchvision resize
 *   pictures, or "bilinear", as torchvision resizes tensors without antialias
 *   and OpenCV resizes), channels ("RGB" or "BGR"; "L" for one channel).
 *   Anything else is refused, as it could not be honoured.
 * - int8: a JSON object with an object for each convolution, by the name of
 *   its tensors: range (least and most of its input) and scales (of its
 *   filters: the largest weight over 127). "alexnet-inspect calibrate" makes
 *   it. It does not count, and is noted, where another mean or architecture is
 *   asked for than the file's.
 *
 * Others use these keys for other things, and no key tells whose file it is. So
 * what has not the form of ours does not count, and is noted: JSON is what
 * begins with a bracket as JSON does, or is empty; an architecture is
 * lower-case letters, digits and hyphens. "AlexNet", in any case, leaves it to
 * the names of the tensors.
 *
 * Without metadata: resize 256 for inputs of 224 and 227, in proportion for
 * others (to 224, what is Caffe's to 227); bilinear-antialias; torchvision:
 * center-crop, RGB, ImageNet's mean and standard deviation; what has LRN, as
 * Caffe's: squash, BGR 0..255 minus (104.007, 116.669, 122.679), that is, mean
 * (122.679, 116.669, 104.007) / 255 and std 1 / 255. Where there is one
 * channel, mean and std are these weighed as luma weighs R, G, B. */

#ifndef ALEXNET_METADATA_H
#define ALEXNET_METADATA_H

#include "network/network.h"

G_BEGIN_DECLS

/* Removes what has not our form; what that was is added to `notes`, char *. */
void alexnet_metadata_drop_foreign (GHashTable *metadata, GPtrArray *notes);

/* The table that `claimed`, a name as in `architecture`, means; NULL: there is
 * none. */
const AlexnetNetwork *alexnet_metadata_find_network (const char *claimed);

/* The same where tensors are named as `named` names them, and that one when
 * nothing is claimed. NULL and FORMAT for one of other names. */
const AlexnetNetwork *alexnet_metadata_choose_network (const char *claimed,
    const AlexnetNetwork *named, GError **error);

/* Local response normalisation tells, whatever else the table is: Caffe's
 * networks have it, torchvision's has not. */
gboolean alexnet_metadata_is_caffes (const AlexnetNetwork *network);

/* Which of its settings a file says. */
typedef struct {
  gboolean mean, resize;
} AlexnetPreprocessSaid;

/* What the file says, or else how the network was trained, whose input is a
 * square of one channel or three; of a resize that it does not say what is so
 * for 224 and 227 pixels. */
gboolean alexnet_metadata_read_preprocess (GHashTable *metadata,
    const AlexnetNetwork *network, AlexnetPreprocess *preprocess,
    AlexnetPreprocessSaid *said, GError **error);

/* Whether these networks were trained at inputs of `side` pixels. */
gboolean alexnet_metadata_is_trained_size (guint side);

/* The resize for an input of `side` pixels where a file does not say it. */
guint alexnet_metadata_guess_resize (guint side, gboolean is_caffes);

/* What the file would have to say, as JSON. The caller frees it. */
char *alexnet_metadata_describe_preprocess (const AlexnetPreprocess *preprocess,
    const AlexnetNetwork *network);

/* The file's, or NULL. The caller frees them with g_strfreev(). */
gboolean alexnet_metadata_read_labels (GHashTable *metadata, guint n_classes,
    char ***labels, GError **error);

G_END_DECLS

#endif /* ALEXNET_METADATA_H */
