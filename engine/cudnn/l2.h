/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights that stay in the device's L2 cache from one batch to the next.
 *
 * A batch of few images takes as long as memory needs for the weights, and a
 * cache smaller than these has lost the first when they are read again. Of a
 * device that can set a part of its cache aside for what is marked as
 * persisting, as many bytes as may be set aside are, and that many weights are
 * marked: an access-policy window of the compute stream, and of the kernels of
 * the graphs that are captured from it.
 *
 * A window is one range, and the beginning of all weights is it, with a hit
 * ratio of 1. In 16 bits AlexNet's are 122 MB, of which an A100 can keep 31,
 * its persistingL2CacheMaxSize: the convolutions' 5, which come first since
 * their few blocks wait for each load, then the linear layers' from the last
 * one on, 8, and 18 of 34; 31 of 122 MB are a quarter less for memory to bring.
 * Of the linear layers each byte is read once a batch, so that it does not
 * matter which are kept, only that no more are marked than there is room for:
 * these would drive each other out.
 *
 * Large batches read the same weights through a window that says normal, so
 * that activations get the cache back.
 *
 * What is set aside is a limit of the context, which others may have raised
 * too: whoever comes takes from what is left, and gives as much back. Windows
 * of one process then never hold more than there is. Other processes have
 * contexts of their own. */

#ifndef ALEXNET_CUDNN_L2_H
#define ALEXNET_CUDNN_L2_H

#include "device.h"

G_BEGIN_DECLS

typedef struct {
  AlexnetDevice *device;
  void *base;                    /* of the window, device memory */
  gsize size;                    /* bytes; 0: there is none */
  gboolean persisting;           /* what the compute stream's window says */
  gsize set_aside;               /* by how much the limit was raised */
  struct _AlexnetL2Share *share; /* NULL: it was not */
} AlexnetL2;

/* For weights of `size` bytes at `base`. Without a window where the device has
 * nothing to set aside or refuses to, all of it is taken, or $ALEXNET_CUDNN_L2
 * is 0. DEVICE; close gives back what was taken. Any thread, in the device's
 * context. */
gboolean alexnet_l2_open (AlexnetL2 *l2, AlexnetDevice *device, void *base,
    gsize size, GError **error);

/* The last one of a context makes all of its cache ordinary again. Sets `error`
 * to the first failure, and goes on. */
void alexnet_l2_close (AlexnetL2 *l2, GError **error);

/* What is given to the compute stream from now on keeps the weights, or does
 * not, as ever when the stream refuses its window. Not while the stream is
 * captured. */
gboolean alexnet_l2_set_persisting (AlexnetL2 *l2, gboolean persisting,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_L2_H */
