/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "capture.h"

static gboolean
set_window (const AlexnetDevice *device, cudaGraphNode_t node, GError **error)
{
  const cudaLaunchAttributeValue value = {
    .accessPolicyWindow = device->window,
  };
  enum cudaGraphNodeType type;

  if (!CUDA (cudaGraphNodeGetType (node, &type)))
    return FALSE;
  return type != cudaGraphNodeTypeKernel ||
      CUDA (cudaGraphKernelNodeSetAttribute (node,
          cudaLaunchAttributeAccessPolicyWindow, &value));
}

static gboolean
set_windows (const AlexnetDevice *device, cudaGraph_t graph, GError **error)
{
  g_autofree cudaGraphNode_t *nodes = NULL;
  gsize n = 0;

  if (!CUDA (cudaGraphGetNodes (graph, NULL, &n)))
    return FALSE;
  nodes = g_new0 (cudaGraphNode_t, n);
  if (!CUDA (cudaGraphGetNodes (graph, nodes, &n)))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!set_window (device, nodes[i], error))
      return FALSE;
  return TRUE;
}

/* CUDA does not say whether a capture takes the stream's window. One without
 * is slower, and no failure. */
static void
keep_window (const AlexnetDevice *device, cudaGraph_t graph)
{
  g_autoptr (GError) error = NULL;

  if (device->window.num_bytes > 0 && !set_windows (device, graph, &error))
    g_info ("weights may not stay in the L2 cache: %s", error->message);
}

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
  if (ok)
    keep_window (device, graph);
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
