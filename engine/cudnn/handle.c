/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handle.h"

#include <dlfcn.h>
#include <string.h>

#include "descriptor.h"
#include "error.h"

/* Up to 9.20, cuDNN loads the compiler for each fallback list of engines and
 * unloads it again, unless somebody else keeps it: that takes longer than the
 * list. */
static void
keep_compiler (void)
{
  dlopen (NVRTC, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
}

gboolean
alexnet_cudnn_open (AlexnetCudnn *cudnn, cudaStream_t stream, GError **error)
{
  keep_compiler ();
  if (!CUDNN (cudnnCreate (&cudnn->handle)) ||
      !CUDNN (cudnnSetStream (cudnn->handle, stream)))
    return FALSE;
#if ALEXNET_CUDNN_HAS_PROPERTIES
  const Attribute attributes[] = {
    { CUDNN_ATTR_DEVICEPROP_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle },
  };

  cudnn->properties = DESC_MAKE (CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR,
      attributes, error);
  return cudnn->properties != NULL;
#else
  return TRUE;
#endif
}

gboolean
alexnet_cudnn_open_for (AlexnetCudnn *cudnn, const char *json, GError **error)
{
#if ALEXNET_CUDNN_HAS_PROPERTIES
  const Attribute attributes[] = {
    { CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
        (gint64) strlen (json) + 1, json },
  };

  keep_compiler ();
  cudnn->handle = NULL;
  cudnn->properties = DESC_MAKE (CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR,
      attributes, error);
  return cudnn->properties != NULL;
#else
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "cuDNN %d.%d cannot plan for a device that is not there, 9.8 can",
      CUDNN_MAJOR, CUDNN_MINOR);
  return FALSE;
#endif
}

void
alexnet_cudnn_close (AlexnetCudnn *cudnn, GError **error)
{
  if (cudnn->properties)
    CUDNN (cudnnBackendDestroyDescriptor (cudnn->properties));
  if (cudnn->handle)
    CUDNN (cudnnDestroy (cudnn->handle));
}
