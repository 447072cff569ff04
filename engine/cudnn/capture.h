/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Work of the compute stream as a graph. */

#ifndef ALEXNET_CUDNN_CAPTURE_H
#define ALEXNET_CUDNN_CAPTURE_H

#include "device.h"

G_BEGIN_DECLS

/* Gives work to the device's compute stream. */
typedef gboolean (*AlexnetCaptureFunc) (gpointer user, GError **error);

/* The graph of what `func` gives, which has run before: libraries load their
 * code at the first use, which a capture forbids. It has been launched once,
 * which brings it to the device, and is done. Its kernels have the window that
 * the stream has now. The caller destroys it. */
cudaGraphExec_t alexnet_capture (AlexnetDevice *device, AlexnetCaptureFunc func,
    gpointer user, GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_CAPTURE_H */
