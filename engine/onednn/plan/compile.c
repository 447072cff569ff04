/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile.h"

#include <math.h>
#include <string.h>

#include "onednn/amx/amx.h"
#include "onednn/direct/direct.h"
#include "onednn/dnnl/isa.h"
#include "onednn/int8-winograd/int8-winograd.h"
#include "onednn/int8/int8.h"
#include "onednn/linear/inner-product.h"
#include "onednn/linear/linear.h"
#include "onednn/linear/matmul.h"
#include "onednn/linear/matrix.h"
#include "onednn/pool/pool.h"
#include "onednn/winograd/winograd.h"
#include "tune.h"

#define TRUNK_VARIABLE "ALEXNET_CPU_TRUNK"

/* A candidate's number for each layer. */
typedef guint Choices[ALEXNET_MAX_LAYERS];

/* Compiling one layer after the other. */
typedef struct {
  OnednnContext *context;
  OnednnProgram *program;
  guint batch, first, end;
  dnnl_data_type_t last_type;
  const guint *given; /* Choices; NULL: the tuner chooses, */
  Choices fastest;    /* who is noted here, */
  Choices library;    /* what the library has instead here, */
  GString *key;       /* and what the time of all layers depends on here */
} Build;

/* ---- layers with weights ------------------------------------------------- */

/* Every way to compute a convolution or a linear layer. */
static const OnednnMethod *const methods[] = {
  &alexnet_direct_convolution,
  &alexnet_winograd_convolution,
  &alexnet_onednn_int8_convolution,
  &alexnet_int8_winograd_convolution,
  &alexnet_amx_convolution,
  &alexnet_linear_panels,
  &alexnet_linear_inner_product,
  &alexnet_linear_matmul,
};

typedef struct {
  const OnednnMethod *method;
  guint variant;
  double cost;
} Candidate;

typedef struct {
  const Build *build;
  guint layer;
  gboolean relu;
  dnnl_data_type_t type; /* of the result */
  Candidate candidates[ONEDNN_MAX_CANDIDATES];
} Weighted;

/* `program` is the build's or a trial. */
static gboolean
add_candidate (OnednnProgram *program, guint i, gconstpointer user,
    GError **error)
{
  const Weighted *weighted = user;
  const Candidate *candidate = &weighted->candidates[i];

  return candidate->method->add (program, weighted->layer, candidate->variant,
      weighted->relu, weighted->type, error);
}

/* In the order of their cost. */
static void
insert_candidate (Weighted *weighted, OnednnQuestion *question,
    const Candidate *candidate)
{
  guint i = question->n++;

  g_assert (i < ONEDNN_MAX_CANDIDATES);
  for (; i > 0 && weighted->candidates[i - 1].cost > candidate->cost; i--) {
    weighted->candidates[i] = weighted->candidates[i - 1];
    question->names[i] = question->names[i - 1];
    question->leads[i] = question->leads[i - 1];
  }
  weighted->candidates[i] = *candidate;
  question->names[i] = candidate->method->get_name (candidate->variant);
  question->leads[i] = candidate->method->lead;
}

static void
list_candidates (Weighted *weighted, OnednnQuestion *question)
{
  const OnednnContext *context = weighted->build->context;
  guint layer = weighted->layer, batch = weighted->build->batch;

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++) {
    Candidate candidate = { methods[i], 0, 0 };

    for (; candidate.variant < methods[i]->n_variants; candidate.variant++) {
      if (!methods[i]->fits (context, layer, candidate.variant, batch))
        continue;
      candidate.cost = methods[i]->guess (context, layer, candidate.variant,
          batch);
      insert_candidate (weighted, question, &candidate);
    }
  }
}

/* What the times depend on: also the source, since some candidates must
 * reorder what others can read. Its channels' stride tells the formats apart
 * in which layers write. g_free() it. */
static char *
make_conv_key (const Weighted *conv, const AlexnetLayer *layer)
{
  DnnlDesc src = alexnet_onednn_program_get_desc (conv->build->program);

  return g_strdup_printf ("%sconv [%u,%u,%u] %s by %" G_GINT64_FORMAT
                          ", %u of %ux%u, stride %u, padding %u and %u, "
                          "groups %u, to %s%s, batch %u",
      conv->build->context->int8 ? "int8 " : "", layer->in.channels,
      layer->in.height, layer->in.width,
      dnnl_dt2str (dnnl_compat_desc_type (src)),
      (gint64) dnnl_compat_desc_stride (src, 1), layer->channels, layer->kernel,
      layer->kernel, layer->stride, layer->padding, layer->end_padding,
      layer->groups, dnnl_dt2str (conv->type), conv->relu ? " with ReLU" : "",
      conv->build->batch);
}

/* The same of a linear layer, whose own weights lie in one storage or another,
 * as their values allow. */
static char *
make_linear_key (const Weighted *linear, const AlexnetLayer *layer)
{
  const Build *build = linear->build;
  DnnlDesc src = alexnet_onednn_program_get_desc (build->program);

  return g_strdup_printf ("%slinear %" G_GSIZE_FORMAT
                          " %s by %u in %s, to %s%s, batch %u",
      build->context->int8 ? "int8 " : "", alexnet_shape_size (&layer->in),
      dnnl_dt2str (dnnl_compat_desc_type (src)), layer->channels,
      alexnet_onednn_matrix_describe (build->context, linear->layer),
      dnnl_dt2str (linear->type), linear->relu ? " with ReLU" : "",
      build->batch);
}

/* The library's candidate; `otherwise` where there is none. */
static guint
find_library (const Weighted *weighted, guint n, guint otherwise)
{
  for (guint i = 0; i < n; i++)
    if (weighted->candidates[i].method->library)
      return i;
  return otherwise;
}

static gboolean
choose (Build *build, const Weighted *weighted, const OnednnQuestion *question,
    guint *best, GError **error)
{
  if (build->given) {
    *best = build->given[weighted->layer];
    return TRUE;
  }
  if (question->n > 1 &&
      !alexnet_onednn_tune (build->context->tuner, build->program, question,
          best, NULL, error))
    return FALSE;
  build->fastest[weighted->layer] = *best;
  build->library[weighted->layer] = find_library (weighted, question->n, *best);
  g_string_append_printf (build->key, "%s: %s; ", question->key,
      question->names[*best]);
  return TRUE;
}

static gboolean
add_weighted (Build *build, guint i, gboolean relu, dnnl_data_type_t type,
    GError **error)
{
  const AlexnetLayer *layer = &build->context->network.layers[i];
  gboolean conv = layer->kind == ALEXNET_LAYER_CONV;
  Weighted weighted = { build, i, relu, type, { { 0 } } };
  g_autofree char *key = conv ? make_conv_key (&weighted, layer)
                              : make_linear_key (&weighted, layer);
  OnednnQuestion question = { .layer = layer->name,
    .key = key,
    .variable = conv ? "ALEXNET_CPU_CONV" : "ALEXNET_CPU_LINEAR",
    .add = add_candidate,
    .user = &weighted };
  guint best = 0;

  list_candidates (&weighted, &question);
  return choose (build, &weighted, &question, &best, error) &&
      add_candidate (build->program, best, &weighted, error);
}

/* ---- layers -------------------------------------------------------------- */

/* RELU and LRN keep the format. */
static gboolean
add_same_shape (Build *build, const AlexnetLayer *layer, GError **error)
{
  OnednnContext *context = build->context;
  DnnlDesc data = alexnet_onednn_program_get_desc (build->program);
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (dnnl_primitive_attr_t) attr = NULL;

  if (!alexnet_onednn_attr_new (&attr, FALSE, error))
    return FALSE;
  if (layer->kind == ALEXNET_LAYER_RELU)
    ONEDNN_TRY (dnnl_compat_relu (&desc, context->engine, data, attr));
  else
    ONEDNN_TRY (dnnl_compat_lrn (&desc, context->engine, data, layer->size,
        layer->alpha, layer->beta, layer->k, attr));
  return alexnet_onednn_program_add (build->program, desc, data, NULL, NULL,
      error);
}

/* The next layer that computes something; `end` when there is none. */
static guint
next_layer (const Build *build, guint i)
{
  do
    i++;
  while (i < build->end &&
      alexnet_layer_is_identity (&build->context->network.layers[i]));
  return i;
}

/* Appends layer `*i`, with the RELU behind it where one is, and moves on. */
static gboolean
add_layer (Build *build, guint *i, GError **error)
{
  const AlexnetLayer *layers = build->context->network.layers;
  guint index = *i, next = next_layer (build, index);
  gboolean relu = next < build->end && layers[next].kind == ALEXNET_LAYER_RELU;
  dnnl_data_type_t type;

  *i = next;
  switch (layers[index].kind) {
    case ALEXNET_LAYER_CONV:
    case ALEXNET_LAYER_LINEAR:
      if (relu)
        *i = next_layer (build, next);
      type = *i == build->end ? build->last_type : build->context->type;
      if (build->context->int8 && alexnet_layer_takes_int8 (&layers[index]))
        type = alexnet_onednn_int8_result (&build->context->network, index)
                   .type;
      return add_weighted (build, index, relu, type, error);
    case ALEXNET_LAYER_MAXPOOL:
      return alexnet_onednn_add_maxpool (build->program, &layers[index], error);
    case ALEXNET_LAYER_RELU:
    case ALEXNET_LAYER_LRN:
      return add_same_shape (build, &layers[index], error);
    default:
      return TRUE;
  }
}

static gboolean
add_layers (Build *build, GError **error)
{
  const AlexnetLayer *layers = build->context->network.layers;
  guint i = build->first;

  while (i < build->end) {
    guint index = i;

    alexnet_onednn_program_begin_layer (build->program, i);
    g_string_append_printf (build->key, "%d ", layers[i].kind);
    if (add_layer (build, &i, error))
      continue;
    g_prefix_error (error, "layer %u (%s) for batches of %u: ", index + 1,
        layers[index].name ? layers[index].name : "without weights",
        build->batch);
    return FALSE;
  }
  return TRUE;
}

static OnednnProgram *
compile (Build *build, DnnlDesc src, GError **error)
{
  build->program = alexnet_onednn_program_new (build->context, build->batch,
      src, error);
  if (build->program && add_layers (build, error))
    return build->program;
  alexnet_onednn_program_free (build->program);
  return NULL;
}

OnednnProgram *
alexnet_onednn_compile (OnednnContext *context, guint first, guint end,
    guint batch, DnnlDesc src, dnnl_data_type_t last_type, GError **error)
{
  g_autoptr (GString) key = g_string_new (NULL);
  Build build = { .context = context,
    .batch = batch,
    .first = first,
    .end = end,
    .last_type = last_type,
    .key = key };

  return compile (&build, src, error);
}

/* ---- trunks -------------------------------------------------------------- */

gboolean
alexnet_onednn_times_trunks (const OnednnContext *context)
{
  gboolean tiles = context->int8 || context->type == dnnl_bf16;

  return g_getenv (TRUNK_VARIABLE) || (tiles && alexnet_onednn_has_amx ());
}

/* `user` is a Build that has come to its end. */
static gboolean
add_trunk (OnednnProgram *program, guint i, gconstpointer user, GError **error)
{
  Build build = *(const Build *) user;

  build.program = program;
  build.given = i > 0 ? build.library : build.fastest;
  return add_layers (&build, error);
}

static gboolean
ask_for_trunk (const Build *build, DnnlDesc src, guint *best, double *time,
    GError **error)
{
  gboolean same = !memcmp (build->fastest, build->library, sizeof (Choices));
  g_autofree char *key = g_strconcat ("trunk ", build->key->str, NULL);
  OnednnQuestion question = { .layer = "trunk",
    .key = key,
    .n = same ? 1 : 2,
    .names = { same ? "library" : "layers", "library" },
    .variable = TRUNK_VARIABLE,
    .add = add_trunk,
    .user = build };
  OnednnProgram *empty = alexnet_onednn_program_new (build->context,
      build->batch, src, error);
  gboolean done = empty &&
      alexnet_onednn_tune (build->context->tuner, empty, &question, best, time,
          error);

  alexnet_onednn_program_free (empty);
  return done;
}

OnednnProgram *
alexnet_onednn_compile_trunk (OnednnContext *context, guint end, guint batch,
    DnnlDesc src, double *time, GError **error)
{
  g_autoptr (GString) key = g_string_new (NULL);
  Build build = { .context = context,
    .batch = batch,
    .end = end,
    .last_type = context->type,
    .key = key };
  OnednnProgram *program = compile (&build, src, error);
  guint best = 0;

  *time = (double) NAN;
  if (!program || !alexnet_onednn_times_trunks (context))
    return program;
  if (ask_for_trunk (&build, src, &best, time, error) && best == 0)
    return program;
  alexnet_onednn_program_free (program);
  build.given = build.library;
  return best > 0 ? compile (&build, src, error) : NULL;
}

/* ---- inputs -------------------------------------------------------------- */

static gboolean
may_compute_first (const OnednnContext *context, const OnednnMethod *method)
{
  for (guint v = 0; v < method->n_variants; v++)
    if (method->fits (context, 0, v, 1))
      return TRUE;
  return FALSE;
}

/* Whether something that would read floats may compute the first layer. */
static gboolean
may_read_floats (const OnednnContext *context)
{
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (methods[i]->floats && may_compute_first (context, methods[i]))
      return TRUE;
  return FALSE;
}

dnnl_data_type_t
alexnet_onednn_input_type (const OnednnContext *context)
{
  const AlexnetLayer *layer = &context->network.layers[0];

  if (layer->kind != ALEXNET_LAYER_CONV)
    return context->type;
  if (context->int8 && alexnet_layer_takes_int8 (layer))
    return alexnet_onednn_int8_quantization (layer).type;
  return may_read_floats (context) ? dnnl_f32 : context->type;
}

gboolean
alexnet_onednn_find_input_tag (const OnednnContext *context,
    const dnnl_format_tag_t *tags, dnnl_format_tag_t *tag, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[0];

  *tag = context->block > 1 ? dnnl_nhwc : dnnl_nchw;
  if (layer->kind != ALEXNET_LAYER_CONV)
    return TRUE;
  if (context->int8 || may_read_floats (context) ||
      may_compute_first (context, &alexnet_amx_convolution)) {
    *tag = dnnl_nhwc;
    return TRUE;
  }
  return alexnet_direct_find_input_tag (context, tags, tag, error);
}
