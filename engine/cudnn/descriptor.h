/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* cuDNN's backend descriptors, with GError. For graph.c alone.
 *
 * A descriptor is made in one expression: new, all attributes joined by &&,
 * finish. The first failure sets `error`; what follows it does nothing, and
 * finish then gives NULL. */

#ifndef ALEXNET_CUDNN_DESCRIPTOR_H
#define ALEXNET_CUDNN_DESCRIPTOR_H

#include <cudnn.h>

#include "network.h"

G_BEGIN_DECLS

typedef cudnnBackendDescriptor_t Descriptor;

/* TRUE when a call went well. Else sets `error`, unless it is set already, to
 * one line that names the call, its status and what cuDNN has to say. */
#define CUDNN(call) alexnet_cudnn_check ((call), #call, error)
gboolean alexnet_cudnn_check (cudnnStatus_t status, const char *call,
    GError **error);

Descriptor alexnet_desc_new (cudnnBackendDescriptorType_t type, GError **error);
gboolean alexnet_desc_set (Descriptor descriptor,
    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
    gint64 n, const void *values, GError **error);

/* Sets an attribute that is another descriptor. */
gboolean alexnet_desc_link (Descriptor descriptor,
    cudnnBackendAttributeName_t name, Descriptor value, GError **error);

/* Takes `descriptor`; it comes back finished, or not at all. */
Descriptor alexnet_desc_finish (Descriptor descriptor, gboolean ok,
    GError **error);

/* Returns how many values there are, which may be more than n; -1 = failed. */
gint64 alexnet_desc_get (Descriptor descriptor,
    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
    gint64 n, void *values, GError **error);

/* A Descriptor or NULL. */
void alexnet_desc_free (gpointer descriptor);

G_END_DECLS

#endif /* ALEXNET_CUDNN_DESCRIPTOR_H */
