/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "program.h"

#include "onednn/dnnl/isa.h"

#define MAX_ARGS 6

/* A primitive, or an operation, which reads and writes memories. */
typedef struct {
  dnnl_primitive_t primitive;
  int n_args;
  dnnl_exec_arg_t args[MAX_ARGS];
  OnednnOperation *operation;
  guint src, dst;
  guint layer;
  gint64 spent; /* microseconds, by the profile, without the first run */
} Step;

typedef struct {
  dnnl_memory_t memory;
  OnednnBuffer buffer;
} Memory;

struct _OnednnProgram {
  OnednnContext *context;
  guint batch;
  GArray *steps, *memories;
  guint src, dst; /* in memories */
  guint layer;    /* of the next step */
  gboolean profile;
  guint n_runs;
};

static dnnl_memory_t
get_memory (const OnednnProgram *program, guint i)
{
  return g_array_index (program->memories, Memory, i).memory;
}

static DnnlDesc
get_desc (const OnednnProgram *program, guint i)
{
  DnnlDesc desc = NULL;

  dnnl_memory_get_memory_desc (get_memory (program, i), &desc);
  return desc;
}

OnednnContext *
alexnet_onednn_program_get_context (const OnednnProgram *program)
{
  return program->context;
}

guint
alexnet_onednn_program_get_batch (const OnednnProgram *program)
{
  return program->batch;
}

DnnlDesc
alexnet_onednn_program_get_desc (const OnednnProgram *program)
{
  return get_desc (program, program->dst);
}

static gboolean
add_memory (OnednnProgram *program, DnnlDesc desc, OnednnBuffer buffer,
    GError **error)
{
  Memory memory = { NULL, buffer };

  ONEDNN_TRY (dnnl_memory_create (&memory.memory, desc,
      program->context->engine, DNNL_MEMORY_NONE));
  g_array_append_val (program->memories, memory);
  return TRUE;
}

/* Where the layer that reads program->dst may write. */
static OnednnBuffer
other_buffer (const OnednnProgram *program)
{
  OnednnBuffer used = g_array_index (program->memories, Memory, program->dst)
                          .buffer;

  return used == ONEDNN_BUFFER_A ? ONEDNN_BUFFER_B : ONEDNN_BUFFER_A;
}

/* Makes the step read program->dst and write a new one, like `dst`. */
static gboolean
connect (OnednnProgram *program, Step *step, DnnlDesc dst, GError **error)
{
  step->src = program->dst;
  step->layer = program->layer;
  if (!add_memory (program, dst, other_buffer (program), error))
    return FALSE;
  program->dst = program->memories->len - 1;
  step->dst = program->dst;
  return TRUE;
}

static void
add_arg (Step *step, int arg, dnnl_memory_t memory)
{
  step->args[step->n_args++] = (dnnl_exec_arg_t){ arg, memory };
}

static gboolean
add_scratchpad (OnednnProgram *program, dnnl_primitive_desc_t desc, Step *step,
    GError **error)
{
  DnnlDesc pad = dnnl_primitive_desc_query_md (desc, dnnl_query_scratchpad_md,
      0);

  if (!pad || dnnl_memory_desc_get_size (pad) == 0)
    return TRUE;
  if (!add_memory (program, pad, ONEDNN_BUFFER_SCRATCHPAD, error))
    return FALSE;
  add_arg (step, DNNL_ARG_SCRATCHPAD,
      get_memory (program, program->memories->len - 1));
  return TRUE;
}

gboolean
alexnet_onednn_program_add (OnednnProgram *program, dnnl_primitive_desc_t desc,
    DnnlDesc dst, dnnl_memory_t weights, dnnl_memory_t bias, GError **error)
{
  Step step = { 0 };

  if (!connect (program, &step, dst, error))
    return FALSE;
  add_arg (&step, DNNL_ARG_SRC, get_memory (program, step.src));
  add_arg (&step, DNNL_ARG_DST, get_memory (program, step.dst));
  if (weights) {
    add_arg (&step, DNNL_ARG_WEIGHTS, weights);
    add_arg (&step, DNNL_ARG_BIAS, bias);
  }
  if (!add_scratchpad (program, desc, &step, error))
    return FALSE;
  ONEDNN_TRY (dnnl_primitive_create (&step.primitive, desc));
  g_array_append_val (program->steps, step);
  return TRUE;
}

void
alexnet_onednn_program_add_arg (OnednnProgram *program, int arg,
    dnnl_memory_t memory)
{
  add_arg (&g_array_index (program->steps, Step, program->steps->len - 1), arg,
      memory);
}

static void
operation_free (OnednnOperation *operation)
{
  if (operation)
    operation->free (operation);
}

gboolean
alexnet_onednn_program_add_operation (OnednnProgram *program,
    OnednnOperation *operation, DnnlDesc dst, GError **error)
{
  gsize *size = &program->context->sizes[ONEDNN_BUFFER_SCRATCHPAD];
  Step step = { .operation = operation };

  if (!connect (program, &step, dst, error)) {
    operation_free (operation);
    return FALSE;
  }
  *size = MAX (*size, operation->scratch_size);
  g_array_append_val (program->steps, step);
  return TRUE;
}

/* Scratchpads are ours: the library's own belong to the thread that makes the
 * primitive, which is not the one that runs it. */
gboolean
alexnet_onednn_attr_new (dnnl_primitive_attr_t *attr, gboolean relu,
    GError **error)
{
  dnnl_post_ops_t ops;
  dnnl_status_t status;

  ONEDNN_TRY (dnnl_primitive_attr_create (attr));
  ONEDNN_TRY (dnnl_primitive_attr_set_scratchpad_mode (*attr,
      dnnl_scratchpad_mode_user));
  if (!relu)
    return TRUE;
  ONEDNN_TRY (dnnl_post_ops_create (&ops));
  status = dnnl_compat_append_relu (ops);
  if (status == dnnl_success)
    status = dnnl_primitive_attr_set_post_ops (*attr, ops);
  dnnl_post_ops_destroy (ops);
  ONEDNN_TRY (status);
  return TRUE;
}

static gboolean
append_reorder (OnednnProgram *program, DnnlDesc wanted, GError **error)
{
  DnnlDesc have = get_desc (program, program->dst);
  dnnl_engine_t engine = program->context->engine;
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  g_auto (dnnl_primitive_desc_t) desc = NULL;

  if (!alexnet_onednn_attr_new (&attr, FALSE, error))
    return FALSE;
  ONEDNN_TRY (dnnl_reorder_primitive_desc_create (&desc, have, engine, wanted,
      engine, attr));
  return alexnet_onednn_program_add (program, desc, wanted, NULL, NULL, error);
}

gboolean
alexnet_onednn_program_add_reorder (OnednnProgram *program, DnnlDesc wanted,
    GError **error)
{
  return dnnl_memory_desc_equal (get_desc (program, program->dst), wanted) ||
      append_reorder (program, wanted, error);
}

OnednnProgram *
alexnet_onednn_program_new (OnednnContext *context, guint batch, DnnlDesc src,
    GError **error)
{
  OnednnProgram *self = g_new0 (OnednnProgram, 1);

  self->context = context;
  self->batch = batch;
  self->profile = !context->trial && g_getenv ("ALEXNET_CPU_PROFILE");
  self->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  self->memories = g_array_new (FALSE, FALSE, sizeof (Memory));
  if (add_memory (self, src, ONEDNN_BUFFER_NONE, error))
    return self;
  alexnet_onednn_program_free (self);
  return NULL;
}

void
alexnet_onednn_program_begin_layer (OnednnProgram *program, guint layer)
{
  program->layer = layer;
}

/* Of one image; 0 for a layer without weights. */
static double
count_operations (const AlexnetLayer *layer)
{
  double n = 2.0 * (double) alexnet_shape_size (&layer->out);

  if (layer->kind == ALEXNET_LAYER_CONV)
    return n * layer->in.channels / layer->groups * layer->kernel *
        layer->kernel;
  if (layer->kind == ALEXNET_LAYER_LINEAR)
    return n * (double) alexnet_shape_size (&layer->in);
  return 0;
}

/* Whether it multiplies by weights. */
static gboolean
is_product (const Step *step)
{
  dnnl_primitive_kind_t kind = dnnl_undefined_primitive;
  const_dnnl_primitive_desc_t desc;

  if (!step->primitive)
    return step->operation->isa != NULL;
  dnnl_primitive_get_primitive_desc (step->primitive, &desc);
  dnnl_primitive_desc_query (desc, dnnl_query_primitive_kind, 0, &kind);
  return kind == dnnl_convolution || kind == dnnl_inner_product;
}

const char *
alexnet_onednn_program_get_isa (const OnednnProgram *program)
{
  for (guint i = program->steps->len; i-- > 0;) {
    const Step *step = &g_array_index (program->steps, Step, i);

    if (is_product (step))
      return step->primitive ? alexnet_onednn_primitive_isa (step->primitive)
                             : step->operation->isa;
  }
  return "-";
}

static void
print_step (const OnednnProgram *program, const Step *step)
{
  const AlexnetLayer *layer = &program->context->network.layers[step->layer];
  double ms = (double) step->spent / 1e3 / (program->n_runs - 1);
  double operations = count_operations (layer) * program->batch;

  g_printerr ("%-14s batch %3u %8.3f ms", layer->name ? layer->name : "-",
      program->batch, ms);
  if (is_product (step) && operations > 0)
    g_printerr (" %7.0f GFLOP/s", operations / ms / 1e6);
  g_printerr ("\n");
}

static void
step_clear (Step *step)
{
  if (step->primitive)
    dnnl_primitive_destroy (step->primitive);
  operation_free (step->operation);
}

void
alexnet_onednn_program_free (OnednnProgram *program)
{
  if (!program)
    return;
  for (guint i = 0; program->n_runs > 1 && i < program->steps->len; i++)
    print_step (program, &g_array_index (program->steps, Step, i));
  for (guint i = 0; i < program->steps->len; i++)
    step_clear (&g_array_index (program->steps, Step, i));
  for (guint i = 0; i < program->memories->len; i++)
    dnnl_memory_destroy (get_memory (program, i));
  g_array_unref (program->steps);
  g_array_unref (program->memories);
  g_free (program);
}

gboolean
alexnet_onednn_program_finish (OnednnProgram *program, DnnlDesc dst,
    GError **error)
{
  OnednnContext *context = program->context;

  /* Without a step the source would be what it ends in. */
  if (program->steps->len == 0
          ? !append_reorder (program, dst, error)
          : !alexnet_onednn_program_add_reorder (program, dst, error))
    return FALSE;
  g_array_index (program->memories, Memory, program->dst)
      .buffer = ONEDNN_BUFFER_NONE;
  for (guint i = 0; i < program->memories->len; i++) {
    OnednnBuffer buffer = g_array_index (program->memories, Memory, i).buffer;

    if (buffer != ONEDNN_BUFFER_NONE)
      context->sizes[buffer] = MAX (context->sizes[buffer],
          dnnl_memory_desc_get_size (get_desc (program, i)));
  }
  return TRUE;
}

gboolean
alexnet_onednn_program_attach (OnednnProgram *program, GError **error)
{
  for (guint i = 0; i < program->memories->len; i++) {
    Memory *memory = &g_array_index (program->memories, Memory, i);

    if (memory->buffer != ONEDNN_BUFFER_NONE)
      ONEDNN_TRY (dnnl_memory_set_data_handle (memory->memory,
          program->context->buffers[memory->buffer]));
  }
  return TRUE;
}

static gboolean
run_operation (const OnednnProgram *program, const Step *step, GError **error)
{
  void *src, *dst;

  ONEDNN_TRY (dnnl_memory_get_data_handle (get_memory (program, step->src),
      &src));
  ONEDNN_TRY (dnnl_memory_get_data_handle (get_memory (program, step->dst),
      &dst));
  return step->operation->run (step->operation, program->context, src, dst,
      error);
}

static gboolean
run_step (const OnednnProgram *program, const Step *step, GError **error)
{
  if (step->operation)
    return run_operation (program, step, error);
  ONEDNN_TRY (dnnl_primitive_execute (step->primitive, program->context->stream,
      step->n_args, step->args));
  return TRUE;
}

static gboolean
time_step (OnednnProgram *program, Step *step, GError **error)
{
  gint64 begin = g_get_monotonic_time ();

  if (!run_step (program, step, error))
    return FALSE;
  ONEDNN_TRY (dnnl_stream_wait (program->context->stream));
  if (program->n_runs > 0)
    step->spent += g_get_monotonic_time () - begin;
  return TRUE;
}

static gboolean
time_steps (OnednnProgram *program, GError **error)
{
  for (guint i = 0; i < program->steps->len; i++)
    if (!time_step (program, &g_array_index (program->steps, Step, i), error))
      return FALSE;
  program->n_runs++;
  return TRUE;
}

gboolean
alexnet_onednn_program_run (OnednnProgram *program, void *src, void *dst,
    GError **error)
{
  ONEDNN_TRY (dnnl_memory_set_data_handle (get_memory (program, program->src),
      src));
  ONEDNN_TRY (dnnl_memory_set_data_handle (get_memory (program, program->dst),
      dst));
  if (program->profile)
    return time_steps (program, error);
  for (guint i = 0; i < program->steps->len; i++)
    if (!run_step (program, &g_array_index (program->steps, Step, i), error))
      return FALSE;
  ONEDNN_TRY (dnnl_stream_wait (program->context->stream));
  return TRUE;
}
