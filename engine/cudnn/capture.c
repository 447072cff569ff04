/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "capture.h"

cudaGraphExec_t
alexnet_capture (AlexnetDevice *device, AlexnetCaptureFunc func, gpointer user,
    GError **error)
{
  cudaStream_t stream = device->stream;
  cudaGraphExec_t exec = NULL;
  cudaGraph_t graph = NULL;
  gboolean ok;

  if (!CUDA (cudaStreamBeginCapture (stream, cudaStreamCaptureModeThreadLocal)))
    return NULL;
  ok = func (user, error);
  ok = CUDA (cudaStreamEndCapture (stream, &graph)) && ok;
  ok = ok && CUDA (cudaGraphInstantiate (&exec, graph, 0));
  if (graph)
    ok = CUDA (cudaGraphDestroy (graph)) && ok;
  if (ok && CUDA (cudaGraphLaunch (exec, stream)) &&
      alexnet_device_finish (device, error))
    return exec;
  if (exec)
    CUDA (cudaGraphExecDestroy (exec));
  return NULL;
}
