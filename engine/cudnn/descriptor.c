/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "descriptor.h"

#include "error.h"

void
alexnet_desc_free (gpointer descriptor)
{
  cudnnStatus_t status = CUDNN_STATUS_SUCCESS;

  if (descriptor)
    status = cudnnBackendDestroyDescriptor (descriptor);
  if (status != CUDNN_STATUS_SUCCESS)
    g_warning ("cudnnBackendDestroyDescriptor failed: %s",
        cudnnGetErrorString (status));
}

static gboolean
set_attribute (Descriptor descriptor, const Attribute *a, GError **error)
{
  if (a->type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
    for (gint64 i = 0; i < a->n; i++)
      if (!((const Descriptor *) a->values)[i])
        return FALSE;
  return CUDNN (cudnnBackendSetAttribute (descriptor, a->name, a->type, a->n,
      a->values));
}

Descriptor
alexnet_desc_begin (cudnnBackendDescriptorType_t type,
    const Attribute *attributes, guint n, GError **error)
{
  Descriptor descriptor = NULL;

  if (!CUDNN (cudnnBackendCreateDescriptor (type, &descriptor)))
    return NULL;
  for (guint i = 0; i < n; i++)
    if (!set_attribute (descriptor, &attributes[i], error)) {
      alexnet_desc_free (descriptor);
      return NULL;
    }
  return descriptor;
}

Descriptor
alexnet_desc_make (cudnnBackendDescriptorType_t type,
    const Attribute *attributes, guint n, GError **error)
{
  Descriptor descriptor = alexnet_desc_begin (type, attributes, n, error);

  if (!descriptor || CUDNN (cudnnBackendFinalize (descriptor)))
    return descriptor;
  alexnet_desc_free (descriptor);
  return NULL;
}

gint64
alexnet_desc_get (Descriptor descriptor, cudnnBackendAttributeName_t name,
    cudnnBackendAttributeType_t type, gint64 n, void *values, GError **error)
{
  gint64 found = 0;

  if (!CUDNN (cudnnBackendGetAttribute (descriptor, name, type, n, &found,
          values)))
    return -1;
  return n > 0 ? MIN (found, n) : found;
}
