/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A capture is a list of nodes that grows; a graph is a finished list; an
 * executable graph is a copy of it. Nodes hold the data that they were
 * recorded with, so a pointer that went stale stays so. A launch makes an
 * item of each node: nodes of different launches and streams mix as freely as
 * their order allows, but two launches of one executable graph do not.
 *
 * A node has the access-policy window that it is given itself: CUDA does not
 * say whether a capture takes the stream's. */

#include "private.h"

typedef struct {
  SoftWork work; /* data: of `data` */
  GBytes *data;
  GArray *after; /* guint: nodes */
} Node;

struct _SoftCapture {
  cudaStream_t origin;
  GThread *thread; /* NULL: every thread is forbidden what is unsafe */
  gboolean relaxed, invalid;
  GArray *nodes;
  GPtrArray *streams;
};

struct CUgraph_st {
  GArray *nodes;
};

struct CUgraphExec_st {
  GArray *nodes;
  SoftItem *last;
};

static GPtrArray *captures;

static void
node_clear (gpointer data)
{
  Node *node = data;

  g_bytes_unref (node->data);
  g_array_unref (node->after);
}

static GArray *
nodes_new (void)
{
  GArray *nodes = g_array_new (FALSE, FALSE, sizeof (Node));

  g_array_set_clear_func (nodes, node_clear);
  return nodes;
}

static GArray *
nodes_copy (const GArray *nodes)
{
  GArray *copy = nodes_new ();

  for (guint i = 0; i < nodes->len; i++) {
    Node node = g_array_index (nodes, Node, i);

    g_bytes_ref (node.data);
    g_array_ref (node.after);
    g_array_append_val (copy, node);
  }
  return copy;
}

static gboolean
contains (const GArray *numbers, guint number)
{
  for (guint i = 0; i < numbers->len; i++)
    if (g_array_index (numbers, guint, i) == number)
      return TRUE;
  return FALSE;
}

static void
merge (GArray *into, const GArray *numbers)
{
  for (guint i = 0; i < numbers->len; i++) {
    guint number = g_array_index (numbers, guint, i);

    if (!contains (into, number))
      g_array_append_val (into, number);
  }
}

static gboolean
is_live (const SoftCapture *capture)
{
  return captures && g_ptr_array_find (captures, capture, NULL);
}

gboolean
soft_capture_forbids (void)
{
  gboolean forbids = FALSE;

  for (guint i = 0; captures && i < captures->len; i++) {
    SoftCapture *capture = g_ptr_array_index (captures, i);

    if (capture->relaxed ||
        (capture->thread && capture->thread != g_thread_self ()))
      continue;
    capture->invalid = TRUE;
    forbids = TRUE;
  }
  return forbids;
}

void
soft_capture_add (cudaStream_t stream, const SoftWork *work)
{
  SoftCapture *capture = stream->capture;
  guint number = capture->nodes->len;
  Node node = { *work, g_bytes_new (work->data, work->size),
    g_array_new (FALSE, FALSE, sizeof (guint)) };

  node.work.data = g_bytes_get_data (node.data, NULL);
  merge (node.after, stream->tails);
  g_array_append_val (capture->nodes, node);
  g_array_set_size (stream->tails, 0);
  g_array_append_val (stream->tails, number);
}

void
soft_capture_invalidate (cudaStream_t stream)
{
  stream->capture->invalid = TRUE;
}

void
soft_capture_record (cudaStream_t stream, cudaEvent_t event)
{
  event->capture = stream->capture;
  g_array_set_size (event->tails, 0);
  merge (event->tails, stream->tails);
}

cudaError_t
soft_capture_wait (cudaStream_t stream, cudaEvent_t event)
{
  if (event->capture && !is_live (event->capture))
    return cudaErrorCapturedEvent;
  if (!event->capture && !event->item)
    return cudaSuccess;
  if (!event->capture ||
      (stream->capture && stream->capture != event->capture)) {
    stream->capture->invalid = TRUE;
    return cudaErrorStreamCaptureIsolation;
  }
  if (!stream->capture) {
    stream->capture = event->capture;
    g_ptr_array_add (stream->capture->streams, stream);
  }
  merge (stream->tails, event->tails);
  return cudaSuccess;
}

static SoftCapture *
capture_new (cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
  SoftCapture *capture = g_new0 (SoftCapture, 1);

  capture->origin = stream;
  if (mode == cudaStreamCaptureModeThreadLocal)
    capture->thread = g_thread_self ();
  capture->relaxed = mode == cudaStreamCaptureModeRelaxed;
  capture->nodes = nodes_new ();
  capture->streams = g_ptr_array_new ();
  g_ptr_array_add (capture->streams, stream);
  if (!captures)
    captures = g_ptr_array_new ();
  g_ptr_array_add (captures, capture);
  return capture;
}

static void
capture_free (SoftCapture *capture)
{
  for (guint i = 0; i < capture->streams->len; i++) {
    cudaStream_t stream = g_ptr_array_index (capture->streams, i);

    stream->capture = NULL;
    g_array_set_size (stream->tails, 0);
  }
  g_ptr_array_remove_fast (captures, capture);
  g_ptr_array_unref (capture->streams);
  g_array_unref (capture->nodes);
  g_free (capture);
}

void
soft_capture_forget (cudaStream_t stream)
{
  if (stream->capture && stream->capture->origin == stream)
    capture_free (stream->capture);
  else if (stream->capture)
    g_ptr_array_remove_fast (stream->capture->streams, stream);
}

cudaError_t
cudaStreamBeginCapture (cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
  cudaError_t status = soft_enter ("cudaStreamBeginCapture", SOFT_CUDA, 0);

  if (!status)
    status = soft_stream_check (stream);
  if (!status && stream->capture)
    status = cudaErrorInvalidValue;
  if (!status)
    stream->capture = capture_new (stream, mode);
  return soft_leave (SOFT_CUDA, status);
}

static gboolean
is_before (const GArray *nodes, guint early, guint late)
{
  const GArray *after = g_array_index (nodes, Node, late).after;

  if (early == late)
    return TRUE;
  for (guint i = 0; i < after->len; i++)
    if (is_before (nodes, early, g_array_index (after, guint, i)))
      return TRUE;
  return FALSE;
}

static gboolean
is_joined (const SoftCapture *capture, cudaStream_t stream)
{
  const GArray *ends = capture->origin->tails;

  for (guint i = 0; i < stream->tails->len; i++) {
    guint tail = g_array_index (stream->tails, guint, i);
    gboolean found = FALSE;

    for (guint k = 0; k < ends->len && !found; k++)
      found = is_before (capture->nodes, tail, g_array_index (ends, guint, k));
    if (!found)
      return FALSE;
  }
  return TRUE;
}

static cudaError_t
check_capture (const SoftCapture *capture)
{
  if (capture->invalid)
    return cudaErrorStreamCaptureInvalidated;
  for (guint i = 0; i < capture->streams->len; i++)
    if (!is_joined (capture, g_ptr_array_index (capture->streams, i)))
      return cudaErrorStreamCaptureUnjoined;
  return cudaSuccess;
}

static cudaError_t
end_capture (cudaStream_t stream, cudaGraph_t *graph)
{
  SoftCapture *capture = stream->capture;
  cudaError_t status;

  *graph = NULL;
  if (!capture)
    return cudaErrorInvalidValue;
  if (capture->origin != stream)
    return cudaErrorStreamCaptureUnmatched;
  status = check_capture (capture);
  if (!status) {
    *graph = g_new0 (struct CUgraph_st, 1);
    (*graph)->nodes = g_array_ref (capture->nodes);
    soft_count (SOFT_LIVE_GRAPHS, 1);
  }
  capture_free (capture);
  return status;
}

/* One that fails ends the capture all the same. */
cudaError_t
cudaStreamEndCapture (cudaStream_t stream, cudaGraph_t *graph)
{
  cudaError_t status = soft_enter ("cudaStreamEndCapture", SOFT_CUDA, 0);

  if (!status)
    status = end_capture (stream, graph);
  else if (stream->capture)
    capture_free (stream->capture);
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaGraphDestroy (cudaGraph_t graph)
{
  cudaError_t status = soft_enter ("cudaGraphDestroy", SOFT_CUDA, 0);

  if (!graph)
    soft_finding ("no graph is destroyed");
  g_array_unref (graph->nodes);
  g_free (graph);
  soft_count (SOFT_LIVE_GRAPHS, -1);
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaGraphGetNodes (cudaGraph_t graph, cudaGraphNode_t *nodes, gsize *n)
{
  cudaError_t status = soft_enter ("cudaGraphGetNodes", SOFT_CUDA, 0);

  if (!status && !nodes)
    *n = graph->nodes->len;
  for (guint i = 0; !status && nodes && i < MIN (*n, graph->nodes->len); i++)
    nodes[i] = (gpointer) &g_array_index (graph->nodes, Node, i);
  return soft_leave (SOFT_CUDA, status);
}

static gboolean
is_kernel (const Node *node)
{
  return node->work.loaded != NULL;
}

cudaError_t
cudaGraphNodeGetType (cudaGraphNode_t node, enum cudaGraphNodeType *type)
{
  cudaError_t status = soft_enter ("cudaGraphNodeGetType", SOFT_CUDA, 0);

  if (!status)
    *type = is_kernel ((gpointer) node) ? cudaGraphNodeTypeKernel
                                        : cudaGraphNodeTypeMemcpy;
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaGraphKernelNodeSetAttribute (cudaGraphNode_t opaque,
    cudaLaunchAttributeID attribute, const cudaLaunchAttributeValue *value)
{
  Node *node = (gpointer) opaque;
  cudaError_t status = soft_enter ("cudaGraphKernelNodeSetAttribute", SOFT_CUDA,
      0);

  if (!status &&
      (attribute != cudaLaunchAttributeAccessPolicyWindow || !is_kernel (node)))
    status = cudaErrorInvalidValue;
  if (!status)
    status = soft_window_read (&node->work.window, &value->accessPolicyWindow);
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaGraphInstantiate (cudaGraphExec_t *exec, cudaGraph_t graph,
    unsigned long long flags)
{
  cudaError_t status = soft_enter ("cudaGraphInstantiate", SOFT_CUDA, 0);

  if (!status) {
    *exec = g_new0 (struct CUgraphExec_st, 1);
    (*exec)->nodes = nodes_copy (graph->nodes);
    soft_count (SOFT_LIVE_GRAPH_EXECS, 1);
  }
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaGraphExecDestroy (cudaGraphExec_t exec)
{
  cudaError_t status = soft_enter ("cudaGraphExecDestroy", SOFT_CUDA, 0);

  if (!exec)
    soft_finding ("no executable graph is destroyed");
  soft_item_unref (exec->last);
  g_array_unref (exec->nodes);
  g_free (exec);
  soft_count (SOFT_LIVE_GRAPH_EXECS, -1);
  return soft_leave (SOFT_CUDA, status);
}

static SoftItem *
launch_node (const Node *node, SoftItem *const *items, SoftItem *begin,
    cudaStream_t stream, guint lane)
{
  SoftItem *item = soft_item_new (&node->work, TRUE);

  soft_item_add_dependency (item, begin);
  for (guint i = 0; i < node->after->len; i++)
    soft_item_add_dependency (item,
        items[g_array_index (node->after, guint, i)]);
  soft_item_submit (soft_item_ref (item), lane, stream->context);
  return item;
}

static void
launch (cudaGraphExec_t exec, cudaStream_t stream)
{
  guint n = exec->nodes->len;
  g_autofree SoftItem **items = g_new0 (SoftItem *, n);
  SoftItem *begin = soft_item_new (NULL, FALSE);
  SoftItem *end = soft_item_new (NULL, FALSE);

  soft_item_add_dependency (begin, exec->last);
  soft_stream_append (stream, soft_item_ref (begin));
  for (guint i = 0; i < n; i++) {
    items[i] = launch_node (&g_array_index (exec->nodes, Node, i), items, begin,
        stream, stream->lane * 64 + i);
    soft_item_add_dependency (end, items[i]);
  }
  for (guint i = 0; i < n; i++)
    soft_item_unref (items[i]);
  soft_item_unref (begin);
  soft_item_unref (exec->last);
  exec->last = soft_item_ref (end);
  soft_stream_append (stream, end);
}

cudaError_t
cudaGraphLaunch (cudaGraphExec_t exec, cudaStream_t stream)
{
  cudaError_t status = soft_enter ("cudaGraphLaunch", SOFT_CUDA, 0);

  if (!status)
    status = soft_stream_check (stream);
  if (!status && stream->capture)
    status = cudaErrorStreamCaptureUnsupported;
  if (!status)
    launch (exec, stream);
  return soft_leave (SOFT_CUDA, status);
}
