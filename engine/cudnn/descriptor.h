/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* cuDNN's backend descriptors, made from tables of attributes, with GError. */

#ifndef ALEXNET_CUDNN_DESCRIPTOR_H
#define ALEXNET_CUDNN_DESCRIPTOR_H

#include <cudnn.h>

#include "alexnet.h"

G_BEGIN_DECLS

typedef cudnnBackendDescriptor_t Descriptor;

typedef struct {
  cudnnBackendAttributeName_t name;
  cudnnBackendAttributeType_t type;
  gint64 n;
  const void *values;
} Attribute;

#define DESC_LINK(name, descriptor)                       \
  {                                                       \
    name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &(descriptor) \
  }

/* Makes a descriptor, sets its attributes, finalizes it. NULL = failed. Those
 * of the type BACKEND_DESCRIPTOR may not be NULL, so that the failure to make
 * one is passed on, with the error that is set already. */
Descriptor alexnet_desc_make (cudnnBackendDescriptorType_t type,
    const Attribute *attributes, guint n, GError **error);
#define DESC_MAKE(type, attributes, error) \
  alexnet_desc_make (type, attributes, G_N_ELEMENTS (attributes), error)

/* The same, not finalized: for others to fill in. */
Descriptor alexnet_desc_begin (cudnnBackendDescriptorType_t type,
    const Attribute *attributes, guint n, GError **error);

/* Returns how many values were written, at most n, or with n = 0 how many there
 * are; -1 = failed. */
gint64 alexnet_desc_get (Descriptor descriptor,
    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
    gint64 n, void *values, GError **error);

/* A Descriptor or NULL. */
void alexnet_desc_free (gpointer descriptor);

G_END_DECLS

#endif /* ALEXNET_CUDNN_DESCRIPTOR_H */
