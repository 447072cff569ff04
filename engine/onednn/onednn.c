/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The network is cut in two. The trunk, up to the first linear layer, costs
 * the same for each image, so a batch goes through it in a few pieces of sizes
 * for which there are programs. The head costs about the same for any number
 * of images, because it is there to read weights; so a batch goes through it
 * in one piece, rounded up to the next size. Between them lies the buffer of
 * features, whose unused rows the head computes for nothing: it never reads
 * beyond the slots of the batch, which belong to other threads. Where the
 * embedding is wanted, the head is cut once more, before the last linear layer,
 * and what lies there is the embedding. */

#include "onednn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "onednn/dnnl/parallel.h"
#include "onednn/dnnl/waiting.h"
#include "onednn/int8/int8.h"
#include "onednn/linear/matrix.h"
#include "onednn/plan/compile.h"
#include "onednn/plan/input.h"
#include "onednn/plan/precision.h"
#include "onednn/plan/tune.h"
#include "onednn/step/weights.h"

/* Sizes of trunk programs. Those above SMALL_TRUNK, whose activations do not
 * stay in the cache, were up to 5 % slower than eight images at a time in
 * vectors; tiles want more rows. They are there when the clock says so. */
static const guint trunk_batches[] = { 1, 2, 4, 8, 16, 32, 0 };
#define SMALL_TRUNK 8

/* An image must be so many times as fast in a larger one, for its memory. */
#define TRUNK_LEAD 1.03

/* Sizes of head programs, up to ALEXNET_MAX_BATCH_SIZE. */
static const guint head_batches[] = { 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64,
  96, 128, 192, 256, 384, 512, 0 };

typedef struct {
  AlexnetPlan base;
  OnednnContext context;
  OnednnInput input;
  guint n_threads;
  OnednnWaiting waiting; /* of the thread that infers */
  guint split, cut, end; /* trunk, head, tail: layers 0.., split..,
                            cut.. end - 1; no tail without embedding */
  gboolean softmax;
  AlexnetShape output;
  gsize feature_size;                /* bytes for one image */
  double trunk_time;                 /* of one image in the largest trunk, by
                                        alexnet_onednn_compile_trunk() */
  GPtrArray *trunks, *heads, *tails; /* by batch size, ascending */
} OnednnPlan;

static void
onednn_close (AlexnetPlan *plan)
{
  OnednnPlan *self = (OnednnPlan *) plan;

  alexnet_onednn_waiting_clear (&self->waiting);
  g_ptr_array_unref (self->trunks);
  g_ptr_array_unref (self->heads);
  g_ptr_array_unref (self->tails);
  g_ptr_array_unref (self->context.weights);
  alexnet_onednn_matrices_free (self->context.matrices);
  for (guint i = 0; i < ONEDNN_N_BUFFERS; i++)
    free (self->context.buffers[i]);
  alexnet_onednn_input_clear (&self->input);
  if (self->context.stream)
    dnnl_stream_destroy (self->context.stream);
  if (self->context.engine)
    dnnl_engine_destroy (self->context.engine);
  g_free (self->base.choices);
  g_free (self);
}

/* Where the trunk and the head end and whether a softmax is the last layer. */
static gboolean
split_network (OnednnPlan *self, const AlexnetNetwork *network,
    gboolean embedding, GError **error)
{
  const AlexnetLayer *layers = network->layers;

  self->end = network->n_layers;
  self->softmax = self->end > 0 &&
      layers[self->end - 1].kind == ALEXNET_LAYER_SOFTMAX;
  if (self->softmax)
    self->end--;
  self->split = self->end;
  for (guint i = self->end; i-- > 0;)
    if (layers[i].kind == ALEXNET_LAYER_LINEAR)
      self->split = i;
  self->cut = embedding
      ? (guint) (alexnet_network_last_linear (network) - layers)
      : self->end;

  for (guint i = 0; i < self->end; i++) {
    gboolean flat = i > self->split, even = layers[i].size % 2 == 0;

    if (layers[i].kind == ALEXNET_LAYER_SOFTMAX ||
        (layers[i].kind == ALEXNET_LAYER_LRN && (even || flat)) ||
        (layers[i].kind == ALEXNET_LAYER_CONV && flat) ||
        (layers[i].kind == ALEXNET_LAYER_MAXPOOL && flat)) {
      g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
          "backend 'cpu' takes a softmax only as the last layer, an LRN only "
          "with an odd size, and convolution, pooling and LRN only before "
          "linear layers; layer %u is not like that",
          i + 1);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
make_engine (OnednnContext *context, GError **error)
{
  ONEDNN_TRY (dnnl_engine_create (&context->engine, dnnl_cpu, 0));
  ONEDNN_TRY (dnnl_stream_create (&context->stream, context->engine,
      dnnl_stream_default_flags));
  return TRUE;
}

/* What one image is before layer `i`. */
static const AlexnetShape *
shape_before (const OnednnPlan *self, guint i)
{
  const AlexnetNetwork *network = &self->context.network;

  return i > 0 ? &network->layers[i - 1].out : &network->input;
}

/* Whether a trunk that takes `time` is worth having; where that is NAN, only
 * a small one is. */
static gboolean
wants_trunk (const OnednnPlan *self, guint batch, double time)
{
  return batch <= SMALL_TRUNK || TRUNK_LEAD * time / batch <= self->trunk_time;
}

static gboolean
add_trunk (OnednnPlan *self, guint batch, dnnl_format_tag_t in, GError **error)
{
  OnednnContext *context = &self->context;
  const AlexnetShape *shape = &context->network.input;
  g_auto (DnnlDesc) src = NULL;
  g_auto (DnnlDesc) dst = NULL;
  OnednnProgram *trunk;
  double time;

  if (!alexnet_onednn_image_desc_new (&src, batch, shape,
          alexnet_onednn_input_type (context), in, error) ||
      !alexnet_onednn_image_desc_new (&dst, batch,
          shape_before (self, self->split), context->type, dnnl_nchw, error))
    return FALSE;
  trunk = alexnet_onednn_compile_trunk (context, self->split, batch, src, &time,
      error);
  if (!trunk)
    return FALSE;
  if (!wants_trunk (self, batch, time)) {
    alexnet_onednn_program_free (trunk);
    return TRUE;
  }
  g_ptr_array_add (self->trunks, trunk);
  self->trunk_time = time / batch;
  self->feature_size = dnnl_memory_desc_get_size (dst) / batch;
  return alexnet_onednn_program_finish (trunk, dst, error);
}

static gboolean
has_tail (const OnednnPlan *self)
{
  return self->cut < self->end;
}

/* Head or tail: layers first .. end - 1, from values of `type` to floats, which
 * go to `buffer`. Reads and writes [N,C*H*W]. The features are plain so that
 * the library sees a linear layer as the product of two matrices, for which it
 * has its best kernels. */
static gboolean
add_part (OnednnPlan *self, GPtrArray *programs, guint first, guint end,
    dnnl_data_type_t type, OnednnBuffer buffer, guint batch, GError **error)
{
  OnednnContext *context = &self->context;
  dnnl_dims_t in = { batch, alexnet_shape_size (shape_before (self, first)) };
  dnnl_dims_t out = { batch, alexnet_shape_size (shape_before (self, end)) };
  g_auto (DnnlDesc) src = NULL;
  g_auto (DnnlDesc) dst = NULL;
  OnednnProgram *part;

  ONEDNN_TRY (dnnl_compat_desc_new (&src, 2, in, type, dnnl_nc));
  ONEDNN_TRY (dnnl_compat_desc_new (&dst, 2, out, dnnl_f32, dnnl_nc));
  part = alexnet_onednn_compile (context, first, end, batch, src, dnnl_f32,
      error);
  if (!part)
    return FALSE;
  g_ptr_array_add (programs, part);
  context->sizes[buffer] = dnnl_memory_desc_get_size (dst);
  return alexnet_onednn_program_finish (part, dst, error);
}

static gboolean
add_head (OnednnPlan *self, guint batch, GError **error)
{
  OnednnContext *context = &self->context;
  OnednnBuffer buffer = has_tail (self) ? ONEDNN_BUFFER_EMBEDDING
                                        : ONEDNN_BUFFER_OUTPUT;

  context->sizes[ONEDNN_BUFFER_FEATURES] = batch * self->feature_size;
  return add_part (self, self->heads, self->split, self->cut, context->type,
             buffer, batch, error) &&
      (!has_tail (self) ||
          add_part (self, self->tails, self->cut, self->end, dnnl_f32,
              ONEDNN_BUFFER_OUTPUT, batch, error));
}

/* Of more than `above` and at most `max_batch` images. */
static gboolean
add_trunks (OnednnPlan *self, guint above, guint max_batch,
    dnnl_format_tag_t in, GError **error)
{
  for (guint i = 0; trunk_batches[i] && trunk_batches[i] <= max_batch; i++)
    if (trunk_batches[i] > above &&
        !add_trunk (self, trunk_batches[i], in, error))
      return FALSE;
  return TRUE;
}

static gboolean
add_heads (OnednnPlan *self, guint max_batch, GError **error)
{
  for (guint i = 0; head_batches[i]; i++) {
    if (!add_head (self, MIN (head_batches[i], max_batch), error))
      return FALSE;
    if (head_batches[i] >= max_batch)
      break;
  }
  return TRUE;
}

/* Large trunks come last, with what is left of the tuner's time. */
static gboolean
compile_all (OnednnPlan *self, guint max_batch, dnnl_format_tag_t in,
    GError **error)
{
  return add_trunks (self, 0, MIN (max_batch, SMALL_TRUNK), in, error) &&
      add_heads (self, max_batch, error) &&
      (!alexnet_onednn_times_trunks (&self->context) ||
          add_trunks (self, SMALL_TRUNK, max_batch, in, error));
}

static gboolean
compile (OnednnPlan *self, guint max_batch, dnnl_format_tag_t in,
    GError **error)
{
  OnednnContext *context = &self->context;
  gboolean done;

  context->tuner = alexnet_onednn_tuner_new (context);
  done = compile_all (self, max_batch, in, error);
  self->base.choices = alexnet_onednn_tuner_get_table (context->tuner);
  g_clear_pointer (&context->tuner, alexnet_onednn_tuner_free);
  return done;
}

static gboolean
attach_all (GPtrArray *programs, GError **error)
{
  for (guint i = 0; i < programs->len; i++)
    if (!alexnet_onednn_program_attach (g_ptr_array_index (programs, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
allocate_buffers (OnednnPlan *self, GError **error)
{
  OnednnContext *context = &self->context;

  for (guint i = 0; i < ONEDNN_N_BUFFERS; i++) {
    context->buffers[i] = alexnet_onednn_alloc (context->sizes[i], error);
    if (!context->buffers[i])
      return FALSE;
  }
  return attach_all (self->trunks, error) && attach_all (self->heads, error) &&
      attach_all (self->tails, error);
}

static gboolean
build_plan (OnednnPlan *self, const AlexnetNetwork *network,
    const AlexnetPlanParams *params, GError **error)
{
  OnednnContext *context = &self->context;
  dnnl_format_tag_t tag;

  if (!alexnet_onednn_choose_precision (context, params->precision,
          &self->base.precision, error) ||
      !split_network (self, network, params->embedding, error) ||
      !make_engine (context, error))
    return FALSE;
  if (context->int8 && !alexnet_onednn_int8_check (network, error))
    return FALSE;
  context->network = *network;
  alexnet_onednn_space_to_depth (context);
  return alexnet_onednn_find_input_tag (context, alexnet_onednn_input_tags,
             &tag, error) &&
      alexnet_onednn_input_init (&self->input, context, &network->input,
          network->layers[0].padding, tag, params->n_slots, error) &&
      compile (self, params->max_batch_size, tag, error) &&
      allocate_buffers (self, error);
}

static void
free_program (gpointer program)
{
  alexnet_onednn_program_free (program);
}

static void
log_choice (const OnednnPlan *self)
{
  g_autofree char *linears = alexnet_onednn_linear_describe (&self->context);

  g_info ("backend cpu computes in %s; its own loops use %s; weights that they "
          "read: %s",
      alexnet_precision_name (self->base.precision),
      alexnet_isa_name (self->context.isa), linears);
}

static AlexnetPlan *
onednn_open (const AlexnetNetwork *network, const AlexnetPlanParams *params,
    GError **error)
{
  OnednnPlan *self = g_new0 (OnednnPlan, 1);
  guint n_threads = alexnet_onednn_set_threads (params->cpu_threads);
  gboolean built;

  self->base.backend = &alexnet_onednn_backend;
  self->n_threads = alexnet_onednn_prepare_threads ();
  alexnet_onednn_set_threads (self->n_threads);
  alexnet_onednn_waiting_init (&self->waiting, self->n_threads);
  self->output = *alexnet_network_output (network);
  self->trunks = g_ptr_array_new_with_free_func (free_program);
  self->heads = g_ptr_array_new_with_free_func (free_program);
  self->tails = g_ptr_array_new_with_free_func (free_program);
  self->context.weights = alexnet_onednn_weights_new ();
  built = build_plan (self, network, params, error);
  alexnet_onednn_set_threads (n_threads);
  if (built) {
    log_choice (self);
    return &self->base;
  }

  onednn_close (&self->base);
  return NULL;
}

static gboolean
onednn_stage (AlexnetPlan *plan, guint slot, const AlexnetImage *image,
    AlexnetTransform *transform, GError **error)
{
  OnednnPlan *self = (OnednnPlan *) plan;

  alexnet_onednn_input_stage (&self->input, slot, image, transform);
  return TRUE;
}

static gboolean
onednn_stage_tensor (AlexnetPlan *plan, guint slot, const float *tensor,
    GError **error)
{
  OnednnPlan *self = (OnednnPlan *) plan;

  alexnet_onednn_input_stage_tensor (&self->input, slot, tensor);
  return TRUE;
}

/* The largest program for at most `n` images. */
static OnednnProgram *
find_trunk (const OnednnPlan *self, guint n)
{
  guint i = self->trunks->len - 1;

  while (alexnet_onednn_program_get_batch (g_ptr_array_index (self->trunks,
             i)) > n)
    i--;
  return g_ptr_array_index (self->trunks, i);
}

/* Of heads or tails, the smallest program for at least `n` images. */
static OnednnProgram *
find_part (const GPtrArray *programs, guint n)
{
  guint i = 0;

  while (alexnet_onednn_program_get_batch (g_ptr_array_index (programs, i)) < n)
    i++;
  return g_ptr_array_index (programs, i);
}

static gboolean
run_head (const OnednnPlan *self, guint n, GError **error)
{
  void *const *buffers = self->context.buffers;
  void *features = buffers[ONEDNN_BUFFER_FEATURES];
  void *embedding = buffers[ONEDNN_BUFFER_EMBEDDING];
  void *output = buffers[ONEDNN_BUFFER_OUTPUT];

  if (!has_tail (self))
    return alexnet_onednn_program_run (find_part (self->heads, n), features,
        output, error);
  return alexnet_onednn_program_run (find_part (self->heads, n), features,
             embedding, error) &&
      alexnet_onednn_program_run (find_part (self->tails, n), embedding, output,
          error);
}

/* out and in [C, area]; over C for each position. */
static void
softmax (float *out, const float *in, guint channels, gsize area)
{
  gsize n = channels * area;

  for (gsize i = 0; i < area; i++) {
    float max = in[i], sum = 0;

    for (gsize c = i; c < n; c += area)
      max = fmaxf (max, in[c]);
    for (gsize c = i; c < n; c += area)
      sum += out[c] = expf (in[c] - max);
    for (gsize c = i; c < n; c += area)
      out[c] /= sum;
  }
}

static void
write_outputs (const OnednnPlan *self, float *const *outputs, guint n)
{
  const float *in = self->context.buffers[ONEDNN_BUFFER_OUTPUT];
  gsize size = alexnet_shape_size (&self->output);

  for (guint i = 0; i < n; i++, in += size) {
    if (self->softmax)
      softmax (outputs[i], in, self->output.channels,
          (gsize) self->output.height * self->output.width);
    else
      memcpy (outputs[i], in, size * sizeof (float));
  }
}

static gboolean
prepare_threads (const OnednnPlan *self, GError **error)
{
  guint n;

  alexnet_onednn_set_threads (self->n_threads);
  n = alexnet_onednn_prepare_threads ();
  if (n == self->n_threads)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE,
      "OpenMP gives %u of %u threads, expected all, as it gave before", n,
      self->n_threads);
  return FALSE;
}

static gboolean
infer (const OnednnPlan *self, guint first, guint n, float *const *outputs,
    GError **error)
{
  const OnednnContext *context = &self->context;
  guint8 *features = context->buffers[ONEDNN_BUFFER_FEATURES];
  guint done = 0;

  if (!prepare_threads (self, error))
    return FALSE;
  while (done < n) {
    OnednnProgram *trunk = find_trunk (self, n - done);

    if (!alexnet_onednn_program_run (trunk,
            alexnet_onednn_input_slot (&self->input, first + done),
            features + done * self->feature_size, error))
      return FALSE;
    done += alexnet_onednn_program_get_batch (trunk);
  }
  if (!run_head (self, n, error))
    return FALSE;
  write_outputs (self, outputs, n);
  return TRUE;
}

static gboolean
onednn_infer (AlexnetPlan *plan, guint first, guint n, float *const *outputs,
    GError **error)
{
  OnednnPlan *self = (OnednnPlan *) plan;
  gboolean done;

  alexnet_onednn_waiting_begin (&self->waiting);
  done = infer (self, first, n, outputs, error);
  alexnet_onednn_waiting_end (&self->waiting);
  return done;
}

static void
onednn_get_embeddings (AlexnetPlan *plan, guint n, float *const *embeddings)
{
  OnednnPlan *self = (OnednnPlan *) plan;
  const float *in = self->context.buffers[ONEDNN_BUFFER_EMBEDDING];
  gsize size = alexnet_shape_size (shape_before (self, self->cut));

  for (guint i = 0; i < n; i++)
    memcpy (embeddings[i], in + i * size, size * sizeof (float));
}

const AlexnetBackend alexnet_onednn_backend = {
  .name = "cpu",
  .memories = 1 << ALEXNET_MEMORY_HOST,
  .warm_after_one = TRUE,
  .open = onednn_open,
  .close = onednn_close,
  .stage = onednn_stage,
  .stage_tensor = onednn_stage_tensor,
  .infer = onednn_infer,
  .get_embeddings = onednn_get_embeddings,
};
