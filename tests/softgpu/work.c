/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Work is a graph of items. An item runs when all that it waits for is done;
 * who waits for an item runs others, drawn at random from those that could
 * run, until it is done. Half of the draws prefer one stream to the others
 * for a while, so that some streams lag far behind. How much of the work runs
 * early, without anybody waiting, is drawn with the seed. */

#include "private.h"

#include <string.h>

struct _SoftItem {
  int n_refs;
  const char *name;
  gboolean is_node;
  SoftFunc func;
  double cost, begin, end;
  gboolean submitted, done;
  SoftWindow window;
  guint lane;
  int context;
  guint n_waits;
  GPtrArray *dependents;
  guint8 data[] __attribute__ ((aligned (16)));
};

typedef struct {
  const char *name;
  gboolean is_node;
  gsize persisting; /* bytes of the window */
  guint n;
} Count;

typedef struct {
  void *memory;
  gsize size;
  guint64 token;
  SoftFunc func;
  gsize data_size;
  guint8 data[] __attribute__ ((aligned (16)));
} Workspace;

static struct {
  GPtrArray *ready;
  guint n_pending, n_run, lose_in;
  guint slow_first, n_slow;
  guint eagerness; /* percent */
  guint taste;     /* which streams are preferred now */
  gboolean asked;  /* the running item asked whether it is a repetition */
  SoftFunc last_func;
  GByteArray *last_data;
  GArray *counts; /* Count: of what has run */
} queue;

SoftItem *
soft_item_new (const SoftWork *work, gboolean is_node)
{
  gsize size = work ? work->size : 0;
  SoftItem *item = g_malloc0 (sizeof *item + size);

  item->n_refs = 1;
  item->is_node = is_node;
  item->dependents = g_ptr_array_new ();
  if (!work)
    return item;
  item->name = work->name;
  item->func = work->func;
  item->cost = work->microseconds;
  item->window = work->window;
  memcpy (item->data, work->data, size);
  return item;
}

SoftItem *
soft_item_ref (SoftItem *item)
{
  item->n_refs++;
  return item;
}

void
soft_item_unref (SoftItem *item)
{
  if (!item || --item->n_refs > 0)
    return;
  g_ptr_array_unref (item->dependents);
  g_free (item);
}

gboolean
soft_item_is_done (const SoftItem *item)
{
  return item->done;
}

double
soft_item_end (const SoftItem *item)
{
  return item->end;
}

void
soft_item_add_dependency (SoftItem *item, SoftItem *earlier)
{
  if (!earlier)
    return;
  if (earlier->done) {
    item->begin = MAX (item->begin, earlier->end);
    return;
  }
  g_ptr_array_add (earlier->dependents, item);
  item->n_waits++;
}

static void
finish (SoftItem *item)
{
  item->done = TRUE;
  item->end = item->begin + item->cost;
  queue.n_pending--;
  for (guint i = 0; i < item->dependents->len; i++) {
    SoftItem *next = g_ptr_array_index (item->dependents, i);

    next->begin = MAX (next->begin, item->end);
    if (--next->n_waits == 0 && next->submitted)
      g_ptr_array_add (queue.ready, next);
  }
  soft_item_unref (item);
}

static void
forget_last (void)
{
  queue.last_func = NULL;
}

static void
fill_workspace (void *data)
{
  const Workspace *w = data;

  for (gsize i = 0; i + sizeof w->token <= w->size; i += sizeof w->token)
    memcpy ((guint8 *) w->memory + i, &w->token, sizeof w->token);
}

static void
count_name (const SoftItem *item)
{
  gsize persisting = item->window.persisting ? item->window.size : 0;
  Count first = { item->name, item->is_node, persisting, 1 };

  if (!item->name)
    return;
  for (guint i = 0; i < queue.counts->len; i++) {
    Count *count = &g_array_index (queue.counts, Count, i);

    if (count->name == item->name && count->is_node == item->is_node &&
        count->persisting == persisting) {
      count->n++;
      return;
    }
  }
  g_array_append_val (queue.counts, first);
}

static void
execute (SoftItem *item)
{
  queue.n_run++;
  if (queue.n_run - queue.slow_first < queue.n_slow)
    item->cost *= 1.5;
  count_name (item);
  if (queue.lose_in > 0 && --queue.lose_in == 0) {
    *soft_lost (item->context) = cudaErrorIllegalAddress;
    soft_cache_lose (item->context);
  }
  if (*soft_lost (item->context))
    return;
  queue.asked = FALSE;
  soft_memory_open (item->context);
  soft_cache_use (item->context, &item->window);
  item->func (item->data);
  if (!queue.asked && item->func != fill_workspace)
    forget_last ();
}

static guint
preference (const SoftItem *item)
{
  return (item->lane + 1) * 2654435761u ^ queue.taste;
}

static guint
draw (void)
{
  guint best = soft_random (queue.ready->len);

  if (soft_random (64) == 0)
    queue.taste = soft_random (G_MAXINT);
  if (soft_random (2))
    return best;
  for (guint i = 0; i < queue.ready->len; i++)
    if (preference (queue.ready->pdata[i]) >
        preference (queue.ready->pdata[best]))
      best = i;
  return best;
}

static void
step (void)
{
  SoftItem *item = g_ptr_array_remove_index_fast (queue.ready, draw ());

  if (item->func)
    execute (item);
  finish (item);
}

void
soft_item_submit (SoftItem *item, guint lane, int context)
{
  item->lane = lane;
  item->context = context;
  item->submitted = TRUE;
  queue.n_pending++;
  if (item->n_waits == 0)
    g_ptr_array_add (queue.ready, item);
  while (queue.ready->len > 0 && soft_random (100) < queue.eagerness)
    step ();
  soft_memory_close ();
}

static gboolean
is_finished (const SoftItem *item)
{
  return item ? item->done : queue.n_pending == 0;
}

void
soft_run (const SoftItem *item)
{
  while (!is_finished (item)) {
    if (queue.ready->len == 0)
      soft_finding ("somebody waits for work that can never run");
    step ();
    if (soft_random (16) == 0) {
      soft_memory_close ();
      soft_yield ();
    }
  }
  soft_memory_close ();
}

/* TRUE when the last piece of work that ran was the same: same function, same
 * data, so that running it again would change nothing. For pure functions of
 * memory whose inputs and outputs do not overlap; lets the timing of plans
 * cost one computation. */
static gboolean
is_repetition (SoftFunc func, const void *data, gsize size)
{
  queue.asked = TRUE;
  if (queue.last_func == func && queue.last_data->len == size &&
      memcmp (queue.last_data->data, data, size) == 0)
    return TRUE;
  queue.last_func = func;
  g_byte_array_set_size (queue.last_data, 0);
  g_byte_array_append (queue.last_data, data, size);
  return FALSE;
}

cudaError_t
soft_enqueue (cudaStream_t stream, const SoftWork *work)
{
  cudaError_t status = soft_stream_check (stream);
  SoftWork own = *work;

  if (status)
    return status;
  if (stream->capture && own.loaded && !*own.loaded) {
    soft_capture_invalidate (stream);
    return cudaErrorStreamCaptureUnsupported;
  }
  if (own.loaded)
    *own.loaded = TRUE;
  if (stream->capture) {
    soft_capture_add (stream, &own);
    return cudaSuccess;
  }
  own.window = stream->window;
  soft_stream_append (stream, soft_item_new (&own, FALSE));
  return cudaSuccess;
}

static void
run_with_workspace (void *data)
{
  Workspace *w = data;
  guint8 *memory = w->memory;

  for (gsize i = 0; i + sizeof w->token <= w->size; i += sizeof w->token)
    if (memcmp (memory + i, &w->token, sizeof w->token) != 0)
      soft_finding ("a workspace of %zu bytes is used by two at once", w->size);
  if (!is_repetition (w->func, w->data, w->data_size))
    w->func (w->data);
  memset (memory, 0xff, w->size);
}

cudaError_t
soft_enqueue_with_workspace (cudaStream_t stream, const SoftWork *work,
    void *memory, gsize workspace_size)
{
  static guint64 next_token;
  g_autofree Workspace *w = g_malloc0 (sizeof *w + work->size);
  const SoftWork before = { NULL, fill_workspace, w, sizeof *w, 0 };
  const SoftWork itself = { work->name, run_with_workspace, w,
    sizeof *w + work->size, work->microseconds, { NULL }, work->loaded };
  cudaError_t status = cudaSuccess;

  if (workspace_size > 0)
    soft_check_device (memory, workspace_size, "a workspace");
  w->memory = memory;
  w->size = workspace_size;
  w->token = ++next_token * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  w->func = work->func;
  w->data_size = work->size;
  memcpy (w->data, work->data, work->size);
  if (workspace_size > 0)
    status = soft_enqueue (stream, &before);
  return status ? status : soft_enqueue (stream, &itself);
}

guint
softgpu_n_works (void)
{
  return queue.n_run;
}

char *
softgpu_take_works (guint *n_works, guint *n_nodes)
{
  GString *text = g_string_new (NULL);

  *n_works = *n_nodes = 0;
  for (guint i = 0; i < queue.counts->len; i++) {
    const Count *count = &g_array_index (queue.counts, Count, i);

    *n_works += count->n;
    *n_nodes += count->is_node ? count->n : 0;
    g_string_append_printf (text, "%u %s%s", count->n,
        count->is_node ? "node " : "", count->name);
    if (count->persisting > 0)
      g_string_append_printf (text, " persisting %zu", count->persisting);
    g_string_append_c (text, '\n');
  }
  g_array_set_size (queue.counts, 0);
  return g_string_free (text, FALSE);
}

void
softgpu_lose_device (guint n)
{
  queue.lose_in = n;
}

void
softgpu_slow_down (guint first, guint n)
{
  queue.slow_first = first;
  queue.n_slow = n;
}

void
soft_work_seed (void)
{
  static const guint8 eagerness[] = { 0, 0, 10, 60 };

  queue.taste = soft_random (G_MAXINT);
  queue.eagerness = eagerness[soft_random (G_N_ELEMENTS (eagerness))];
}

void
soft_work_reset (void)
{
  const char *lose = g_getenv ("SOFTGPU_LOSE");

  if (!queue.ready) {
    queue.ready = g_ptr_array_new ();
    queue.counts = g_array_new (FALSE, FALSE, sizeof (Count));
    queue.last_data = g_byte_array_new ();
  }
  soft_run (NULL);
  queue.n_run = queue.n_slow = 0;
  g_array_set_size (queue.counts, 0);
  queue.lose_in = lose ? g_ascii_strtoull (lose, NULL, 10) : 0;
  forget_last ();
}
