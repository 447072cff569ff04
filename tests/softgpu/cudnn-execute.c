/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tensors are unpacked into floats, [n][h][w][c] without gaps, computed, and
 * packed with the type and strides that the graph gave them. Sums are kept in
 * float, as cuDNN's FLOAT compute type keeps them. */

#include "cudnn-graph.h"
#include "numbers.h"

static const SoftEngine engines[] = {
  /* Tensor cores; of float inputs they see TF32. */
  { .id = 10, .numerical = 1 << CUDNN_NUMERICAL_NOTE_TENSOR_CORE, .speed = 2 },
  { .id = 23,
      .numerical = 1 << CUDNN_NUMERICAL_NOTE_TENSOR_CORE,
      .workspace = 4096,
      .speed = 3 },
  /* What a careful caller must not take: sums in another order each time, */
  { .id = 24,
      .numerical = 1 << CUDNN_NUMERICAL_NOTE_TENSOR_CORE |
          1 << CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC,
      .speed = 9 },
  /* a transform, */
  { .id = 25,
      .numerical = 1 << CUDNN_NUMERICAL_NOTE_WINOGRAD |
          1 << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4,
      .speed = 8 },
  /* half the memory of the device, */
  { .id = 26,
      .numerical = 1 << CUDNN_NUMERICAL_NOTE_TENSOR_CORE,
      .workspace = (gsize) 2 << 30,
      .speed = 7 },
  /* what is promised and then not to be had, without or with a fault, */
  { .id = 27, .speed = 6, .build_status = CUDNN_STATUS_NOT_SUPPORTED },
  { .id = 28, .speed = 6, .build_status = CUDNN_STATUS_EXECUTION_FAILED },
  /* not to be run, or not in a graph. */
  { .id = 29, .speed = 6, .run_status = CUDNN_STATUS_EXECUTION_FAILED },
  { .id = 30, .speed = 6, .waits = TRUE },
  { .id = 7,
      .numerical = 1 << CUDNN_NUMERICAL_NOTE_TENSOR_CORE,
      .behavior = 1 << CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION,
      .speed = 5 },
  /* Fused multiply-add of floats. */
  { .id = 44, .speed = 1, .floats_only = TRUE },
  { .id = 0, .speed = 0.5 },
};

const SoftEngine *
soft_engine_find (guint id)
{
  for (guint i = 0; i < G_N_ELEMENTS (engines); i++)
    if (engines[i].id == id)
      return &engines[i];
  return NULL;
}

guint
soft_engines_list (const SoftGraph *graph, cudnnBackendHeurMode_t mode,
    guint ids[])
{
  gboolean floats = graph->tensors[graph->ops[0].x].type == CUDNN_DATA_FLOAT;
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (engines) && !soft_device ()->no_engines;
       i++)
    if ((engines[i].id == 0) == (mode == CUDNN_HEUR_MODE_FALLBACK) &&
        (floats || !engines[i].floats_only))
      ids[n++] = engines[i].id;
  return n;
}

static gsize
type_size (cudnnDataType_t type)
{
  return type == CUDNN_DATA_FLOAT ? 4 : 2;
}

static gsize
n_values (const SoftTensor *t)
{
  return (gsize) (t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3]);
}

static gsize
extent (const SoftTensor *t)
{
  gint64 last = 0;

  for (guint i = 0; i < 4; i++)
    last += (t->dims[i] - 1) * t->strides[i];
  return (gsize) (last + 1) * type_size (t->type);
}

static float
read_value (const void *memory, gint64 i, cudnnDataType_t type)
{
  switch (type) {
    case CUDNN_DATA_HALF:
      return soft_fp16_to_float (((const guint16 *) memory)[i]);
    case CUDNN_DATA_BFLOAT16:
      return soft_bf16_to_float (((const guint16 *) memory)[i]);
    default:
      return ((const float *) memory)[i];
  }
}

static void
write_value (void *memory, gint64 i, cudnnDataType_t type, float value)
{
  switch (type) {
    case CUDNN_DATA_HALF:
      ((guint16 *) memory)[i] = soft_fp16_from_float (value);
      break;
    case CUDNN_DATA_BFLOAT16:
      ((guint16 *) memory)[i] = soft_bf16_from_float (value);
      break;
    default:
      ((float *) memory)[i] = value;
  }
}

static float
round_value (float value, cudnnDataType_t type)
{
  float rounded;

  write_value (&rounded, 0, type, value);
  return read_value (&rounded, 0, type);
}

/* Copies between memory and [n][h][w][c]. */
static void
copy_tensor (const SoftTensor *t, void *memory, float *values, gboolean write)
{
  const gint64 *d = t->dims, *s = t->strides;

  for (gint64 n = 0; n < d[0]; n++)
    for (gint64 h = 0; h < d[2]; h++)
      for (gint64 w = 0; w < d[3]; w++) {
        gint64 place = n * s[0] + h * s[2] + w * s[3];

        for (gint64 c = 0; c < d[1]; c++, values++)
          if (write)
            write_value (memory, place + c * s[1], t->type, *values);
          else
            *values = read_value (memory, place + c * s[1], t->type);
      }
}

static float *
unpack (const SoftTensor *t, void *memory)
{
  float *values = g_new (float, n_values (t));

  copy_tensor (t, memory, values, FALSE);
  return values;
}

static void
round_inputs (float *values, gsize n, const SoftEngine *engine)
{
  if (engine->numerical & 1 << CUDNN_NUMERICAL_NOTE_TENSOR_CORE)
    for (gsize i = 0; i < n; i++)
      values[i] = soft_cut_tf32 (values[i]);
  if (engine->numerical & 1 << CUDNN_NUMERICAL_NOTE_WINOGRAD)
    for (gsize i = 0; i < n; i++)
      values[i] = soft_round_bits (values[i], 16);
}

/* [k][r][s][c] -> [r][s][c][k], so that the inner loop runs over outputs. */
static float *
turn_filter (const SoftTensor *t, const float *filter)
{
  gint64 n_taps = t->dims[1] * t->dims[2] * t->dims[3];
  float *turned = g_new (float, n_values (t));

  for (gint64 k = 0; k < t->dims[0]; k++)
    for (gint64 i = 0; i < n_taps; i++)
      turned[i * t->dims[0] + k] = filter[k * n_taps + i];
  return turned;
}

typedef struct {
  const SoftOp *op;
  const SoftTensor *x, *filter, *y;
  const float *in, *taps;
} Convolution;

/* All outputs of one pixel. Channels of a group are neighbours. */
SOFT_UNCHECKED static void
convolve_pixel (const Convolution *v, gint64 n, gint64 p, gint64 q, float *out)
{
  gint64 n_out = v->filter->dims[0], c_in = v->filter->dims[1];
  gint64 groups = v->x->dims[1] / c_in, part = n_out / groups;

  for (gint64 k = 0; k < n_out; k++)
    out[k] = 0;
  for (gint64 r = 0; r < v->filter->dims[2]; r++)
    for (gint64 s = 0; s < v->filter->dims[3]; s++) {
      gint64 h = p * v->op->strides[0] - v->op->padding[0] +
          r * v->op->dilations[0];
      gint64 w = q * v->op->strides[1] - v->op->padding[1] +
          s * v->op->dilations[1];
      const float *taps = v->taps + (r * v->filter->dims[3] + s) * c_in * n_out;
      const float *in = v->in +
          ((n * v->x->dims[2] + h) * v->x->dims[3] + w) * v->x->dims[1];

      if (h < 0 || h >= v->x->dims[2] || w < 0 || w >= v->x->dims[3])
        continue;
      for (gint64 c = 0; c < v->x->dims[1]; c++) {
        const float *row = taps + c % c_in * n_out;
        gint64 first = c / c_in * part;

        for (gint64 k = first; k < first + part; k++)
          out[k] += in[c] * row[k];
      }
    }
}

static void
convolve (const Convolution *v, float *out, gboolean scramble)
{
  for (gint64 n = 0; n < v->y->dims[0]; n++)
    for (gint64 p = 0; p < v->y->dims[2]; p++)
      for (gint64 q = 0; q < v->y->dims[3]; q++) {
        convolve_pixel (v, n, p, q, out);
        if (scramble)
          out[0] *= 1 + soft_random (4) * 0x1p-20f;
        out += v->filter->dims[0];
      }
}

static void
run_convolution (const SoftExecution *e, const SoftOp *op, float **values)
{
  const SoftEngine *engine = soft_engine_find (e->engine);
  Convolution v = { op, &e->graph.tensors[op->x], &e->graph.tensors[op->b],
    &e->graph.tensors[op->y], values[op->x], NULL };
  g_autofree float *taps = NULL;

  round_inputs (values[op->x], n_values (v.x), engine);
  round_inputs (values[op->b], n_values (v.filter), engine);
  v.taps = taps = turn_filter (v.filter, values[op->b]);
  convolve (&v, values[op->y],
      engine->numerical & 1 << CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC);
}

static void
run_pointwise (const SoftExecution *e, const SoftOp *op, float **values)
{
  const SoftTensor *y = &e->graph.tensors[op->y];
  gsize n = n_values (y);

  for (gsize i = 0; i < n; i++)
    if (op->kind == SOFT_OP_ADD)
      values[op->y][i] = values[op->x][i] + values[op->b][i % y->dims[1]];
    else
      values[op->y][i] = values[op->x][i] < 0 ? 0 : values[op->x][i];
}

static void
run_op (const SoftExecution *e, const SoftOp *op, float **values)
{
  const SoftTensor *y = &e->graph.tensors[op->y];
  gsize n = n_values (y);

  values[op->y] = g_new (float, n);
  if (op->kind == SOFT_OP_CONVOLUTION)
    run_convolution (e, op, values);
  else
    run_pointwise (e, op, values);
  for (gsize i = 0; i < n && y->type != CUDNN_DATA_FLOAT; i++)
    values[op->y][i] = round_value (values[op->y][i], y->type);
}

static gboolean
is_made (const SoftGraph *graph, guint tensor)
{
  for (guint i = 0; i < graph->n_ops; i++)
    if (graph->ops[i].y == tensor)
      return TRUE;
  return FALSE;
}

void
soft_execute (void *data)
{
  const SoftExecution *e = data;
  float *values[SOFT_MAX_TENSORS] = { NULL };

  soft_execution_check (e);
  for (guint i = 0; i < e->graph.n_tensors; i++)
    if (!is_made (&e->graph, i))
      values[i] = unpack (&e->graph.tensors[i], e->pointers[i]);
  for (guint i = 0; i < e->graph.n_ops; i++)
    run_op (e, &e->graph.ops[i], values);
  for (guint i = 0; i < e->graph.n_tensors; i++) {
    if (!e->graph.tensors[i].is_virtual && is_made (&e->graph, i))
      copy_tensor (&e->graph.tensors[i], e->pointers[i], values[i], TRUE);
    g_free (values[i]);
  }
}

void
soft_execution_check (const SoftExecution *e)
{
  for (guint i = 0; i < e->graph.n_tensors; i++) {
    const SoftTensor *t = &e->graph.tensors[i];

    if (t->is_virtual)
      continue;
    soft_check_device (e->pointers[i], extent (t), "a tensor");
    if ((gsize) e->pointers[i] % t->alignment)
      soft_finding ("tensor %" G_GINT64_FORMAT
                    " at %p is not aligned to %" G_GINT64_FORMAT " bytes",
          t->uid, e->pointers[i], t->alignment);
  }
}

double
soft_execution_time (const SoftExecution *e)
{
  const SoftOp *op = &e->graph.ops[0];
  double work = n_values (&e->graph.tensors[op->y]) *
      (double) n_values (&e->graph.tensors[op->b]) /
      e->graph.tensors[op->b].dims[0];

  return 2 + work / 1e6 / soft_engine_find (e->engine)->speed;
}
