/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "descriptor.h"

#include <string.h>

gboolean
alexnet_cudnn_check (cudnnStatus_t status, const char *call, GError **error)
{
  char detail[512] = "";
  gboolean memory = status ==
          CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
      status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;

  if (status == CUDNN_STATUS_SUCCESS)
    return TRUE;
  cudnnGetLastErrorString (detail, sizeof detail - 1);
  g_strdelimit (g_strchomp (detail), "\n", ' ');
  if (!error || !*error)
    g_set_error (error, ALEXNET_ERROR,
        memory ? ALEXNET_ERROR_NO_MEMORY : ALEXNET_ERROR_DEVICE,
        "%.*s failed: %s%s%s", (int) strcspn (call, " ("), call,
        cudnnGetErrorString (status), detail[0] ? ", " : "", detail);
  return FALSE;
}

Descriptor
alexnet_desc_new (cudnnBackendDescriptorType_t type, GError **error)
{
  Descriptor descriptor = NULL;

  CUDNN (cudnnBackendCreateDescriptor (type, &descriptor));
  return descriptor;
}

gboolean
alexnet_desc_set (Descriptor descriptor, cudnnBackendAttributeName_t name,
    cudnnBackendAttributeType_t type, gint64 n, const void *values,
    GError **error)
{
  return descriptor &&
      CUDNN (cudnnBackendSetAttribute (descriptor, name, type, n, values));
}

gboolean
alexnet_desc_link (Descriptor descriptor, cudnnBackendAttributeName_t name,
    Descriptor value, GError **error)
{
  return value &&
      alexnet_desc_set (descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
          &value, error);
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

Descriptor
alexnet_desc_finish (Descriptor descriptor, gboolean ok, GError **error)
{
  if (ok && CUDNN (cudnnBackendFinalize (descriptor)))
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
  return found;
}
