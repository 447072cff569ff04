/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "descriptor.h"

#include <string.h>

#include "device.h"

static AlexnetError
get_code (cudnnStatus_t status)
{
  if (status / 1000 == CUDNN_STATUS_NOT_SUPPORTED / 1000)
    return ALEXNET_ERROR_UNSUPPORTED;
  if (status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
      status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)
    return ALEXNET_ERROR_NO_MEMORY;
  return ALEXNET_ERROR_DEVICE;
}

gboolean
alexnet_cudnn_check (cudnnStatus_t status, const char *call, GError **error)
{
  char detail[512] = "";

  if (status == CUDNN_STATUS_SUCCESS)
    return TRUE;
  if (error && *error)
    return FALSE;
  cudnnGetLastErrorString (detail, sizeof detail - 1);
  g_strdelimit (g_strchomp (detail), "\n", ' ');
  g_set_error (error, ALEXNET_ERROR, get_code (status), "%.*s failed: %s%s%s",
      (int) strcspn (call, " ("), call, cudnnGetErrorString (status),
      detail[0] ? ", " : "", detail);
  if (get_code (status) == ALEXNET_ERROR_NO_MEMORY)
    alexnet_error_add_memory (error);
  return FALSE;
}

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
