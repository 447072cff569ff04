/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A frame's way into its slot.
 *
 * There are a few lanes; a lane is a stream, pinned memory and device memory
 * of the same size. A staging thread takes a lane, waits until the lane's last
 * upload is done, copies what the crop keeps of the frame into the pinned
 * memory together with the tables, and gives the stream one upload and one
 * kernel; of a frame that lies on the device the kernel alone, when the lane
 * has its tables. Then the lane is the next thread's, while the device still
 * works.
 * Each slot has an event that says when it is filled; infer waits for these.
 *
 * Device memory of a lane needs no waiting: what uses it is in the lane's
 * stream. A slot needs none for a batch, which has ended before the engine
 * stages into its slots again. But a frame that nobody wants any more is in no
 * batch: another lane may still be filling the slot with it, and is waited
 * for. */

#ifndef ALEXNET_CUDNN_STAGING_H
#define ALEXNET_CUDNN_STAGING_H

#include "launch.h"
#include "ops.h"

G_BEGIN_DECLS

typedef struct _AlexnetStaging AlexnetStaging;

/* `slots` is device memory for n_slots slots. All that is given must outlive
 * it. NO_MEMORY, DEVICE. */
AlexnetStaging *alexnet_staging_new (AlexnetDevice *device,
    const AlexnetKernels *kernels, const AlexnetSlotLayout *layout,
    AlexnetPrecision precision, void *slots, guint n_slots, GError **error);
void alexnet_staging_free (AlexnetStaging *staging, GError **error);

/* Any thread, several at once for different slots. Allocates when a lane sees
 * a frame that is larger than all before, not otherwise. INVALID: the image's
 * cuda_stream; NO_MEMORY, DEVICE. */
gboolean alexnet_staging_image (AlexnetStaging *staging, guint slot,
    const AlexnetImage *image, const AlexnetTables *tables, GError **error);
gboolean alexnet_staging_tensor (AlexnetStaging *staging, guint slot,
    const float *tensor, GError **error);

/* Lets `stream` go on when these slots are filled. */
gboolean alexnet_staging_wait (AlexnetStaging *staging, guint first, guint n,
    cudaStream_t stream, GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_STAGING_H */
