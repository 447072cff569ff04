/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "linear.h"

#define N_ALGORITHMS 16

struct _AlexnetLinear {
  AlexnetDevice *device;
  const AlexnetKernels *kernels;
  AlexnetLinearShape shape;
  const AlexnetWeights *weights;
  void *workspace;
  cublasLtMatmulDesc_t matmul;
  cublasLtMatrixLayout_t w, x, y;
  cublasLtMatmulHeuristicResult_t algorithms[N_ALGORITHMS];
  guint n_algorithms;
  gboolean has_gemv; /* then choice 0 is gemv; without any, it is dot */
  guint choice;
};

static cudaDataType_t
data_type (AlexnetPrecision precision)
{
  switch (precision) {
    case ALEXNET_PRECISION_FP16:
      return CUDA_R_16F;
    case ALEXNET_PRECISION_BF16:
      return CUDA_R_16BF;
    default:
      return CUDA_R_32F;
  }
}

static gboolean
set_attribute (AlexnetLinear *linear, cublasLtMatmulDescAttributes_t name,
    const void *value, gsize size, GError **error)
{
  return CUBLAS (cublasLtMatmulDescSetAttribute (linear->matmul, name, value,
      size));
}

/* cublasLt counts in columns: y^T = W x^T, with W stored as its transpose. */
static gboolean
describe_product (AlexnetLinear *linear, GError **error)
{
  const AlexnetLinearShape *s = &linear->shape;
  cudaDataType_t type = data_type (s->precision);
  cublasComputeType_t compute = s->precision == ALEXNET_PRECISION_TF32
      ? CUBLAS_COMPUTE_32F_FAST_TF32
      : CUBLAS_COMPUTE_32F;
  cublasOperation_t transposed = CUBLAS_OP_T;
  cublasLtEpilogue_t epilogue = s->relu ? CUBLASLT_EPILOGUE_RELU_BIAS
                                        : CUBLASLT_EPILOGUE_BIAS;
  const void *bias = linear->weights->bias;

  return CUBLAS (cublasLtMatmulDescCreate (&linear->matmul, compute,
             CUDA_R_32F)) &&
      set_attribute (linear, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
          sizeof transposed, error) &&
      set_attribute (linear, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
          sizeof epilogue, error) &&
      set_attribute (linear, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias,
          sizeof bias, error) &&
      CUBLAS (cublasLtMatrixLayoutCreate (&linear->w, type, s->n_in, s->n_out,
          s->n_in)) &&
      CUBLAS (cublasLtMatrixLayoutCreate (&linear->x, type, s->n_in, s->n,
          s->n_in)) &&
      CUBLAS (cublasLtMatrixLayoutCreate (&linear->y, type, s->n_out, s->n,
          s->n_out));
}

static gboolean
set_preference (cublasLtMatmulPreference_t preference,
    const AlexnetLinear *linear, gsize workspace_size, GError **error)
{
  guint32 alignment = linear->shape.alignment;
  guint32 reductions = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;

  return CUBLAS (cublasLtMatmulPreferenceSetAttribute (preference,
             CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace_size,
             sizeof workspace_size)) &&
      CUBLAS (cublasLtMatmulPreferenceSetAttribute (preference,
          CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &reductions,
          sizeof reductions)) &&
      CUBLAS (cublasLtMatmulPreferenceSetAttribute (preference,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &alignment,
          sizeof alignment));
}

/* A refusal, for which it has more than one status, is no failure: there is our
 * own product. */
static void
ask_cublas (AlexnetLinear *linear, cublasLtMatmulPreference_t preference)
{
  const char *call = "cublasLtMatmulAlgoGetHeuristic";
  g_autofree char *name = alexnet_linear_describe (&linear->shape);
  g_autoptr (GError) reason = NULL;
  int n = 0;
  cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic (linear->device
                                                              ->cublas,
      linear->matmul, linear->w, linear->x, linear->y, linear->y, preference,
      N_ALGORITHMS, linear->algorithms, &n);

  if (alexnet_cublas_check (status, call, &reason))
    linear->n_algorithms = (guint) n;
  else
    g_info ("%s: %s", name, reason->message);
}

static gboolean
find_algorithms (AlexnetLinear *linear, gsize workspace_size, GError **error)
{
  cublasLtMatmulPreference_t preference = NULL;
  gboolean ok = CUBLAS (cublasLtMatmulPreferenceCreate (&preference)) &&
      set_preference (preference, linear, workspace_size, error);

  if (ok)
    ask_cublas (linear, preference);
  if (preference)
    ok = CUBLAS (cublasLtMatmulPreferenceDestroy (preference)) && ok;
  return ok;
}

static gboolean
can_gemv (const AlexnetLinearShape *shape)
{
  gsize size = shape->storage == ALEXNET_STORAGE_VALUES
      ? alexnet_precision_size (shape->precision)
      : 1;
  gboolean power_of_two = (shape->n & (shape->n - 1)) == 0;

  return shape->n <= ALEXNET_GEMV_COLUMNS && power_of_two &&
      shape->n_in * size % ALEXNET_VECTOR_BYTES == 0 &&
      shape->alignment % ALEXNET_VECTOR_BYTES == 0;
}

/* That of weights of 8 bits. */
static AlexnetStorage
find_storage (AlexnetLinearShape shape, guint max_batch)
{
  guint sizes[ALEXNET_MAX_BATCHES];
  guint n = alexnet_get_batches (max_batch, sizes);

  shape.storage = ALEXNET_STORAGE_INT8;
  for (guint i = 0; i < n; i++) {
    shape.n = sizes[i];
    if (!can_gemv (&shape))
      return ALEXNET_STORAGE_BOTH;
  }
  return ALEXNET_STORAGE_INT8;
}

AlexnetLinearShape
alexnet_linear_shape (const AlexnetProgram *program, guint i, guint n,
    guint max_batch, AlexnetPrecision precision, gboolean int8)
{
  const AlexnetOp *op = &program->ops[i];
  AlexnetLinearShape shape = {
    .n = n,
    .n_in = (guint) alexnet_shape_size (&op->in),
    .n_out = op->out.channels,
    .relu = op->relu,
    .alignment = alexnet_op_get_alignment (program, i, precision),
    .precision = precision,
    .storage = ALEXNET_STORAGE_VALUES,
  };

  if (int8)
    shape.storage = find_storage (shape, max_batch);
  return shape;
}

AlexnetLinear *
alexnet_linear_new (AlexnetDevice *device, const AlexnetKernels *kernels,
    const AlexnetLinearShape *shape, const AlexnetWeights *weights,
    void *workspace, gsize workspace_size, GError **error)
{
  AlexnetLinear *linear = g_new0 (AlexnetLinear, 1);

  linear->device = device;
  linear->kernels = kernels;
  linear->shape = *shape;
  linear->weights = weights;
  linear->workspace = workspace;
  linear->has_gemv = can_gemv (shape);
  if (!weights->weight ||
      (describe_product (linear, error) &&
          find_algorithms (linear, workspace_size, error)))
    return linear;
  alexnet_linear_free (linear, error);
  return NULL;
}

void
alexnet_linear_free (AlexnetLinear *linear, GError **error)
{
  if (!linear)
    return;
  if (linear->y)
    CUBLAS (cublasLtMatrixLayoutDestroy (linear->y));
  if (linear->x)
    CUBLAS (cublasLtMatrixLayoutDestroy (linear->x));
  if (linear->w)
    CUBLAS (cublasLtMatrixLayoutDestroy (linear->w));
  if (linear->matmul)
    CUBLAS (cublasLtMatmulDescDestroy (linear->matmul));
  g_free (linear);
}

guint
alexnet_linear_n_choices (const AlexnetLinear *linear)
{
  return MAX (linear->n_algorithms + (linear->has_gemv ? 1 : 0), 1);
}

void
alexnet_linear_choose (AlexnetLinear *linear, guint choice)
{
  linear->choice = choice;
}

gboolean
alexnet_linear_is_own (const AlexnetLinear *linear)
{
  return linear->has_gemv && linear->choice == 0;
}

static AlexnetGemvArgs
get_gemv (const AlexnetLinear *linear, const void *x, void *y)
{
  const AlexnetLinearShape *s = &linear->shape;
  const AlexnetWeights *weights = linear->weights;

  return (AlexnetGemvArgs){
    .x = x,
    .w = weights->int8 ? weights->int8 : weights->weight,
    .bias = weights->bias,
    .y = y,
    .n = s->n,
    .n_in = s->n_in,
    .n_out = s->n_out,
    .relu = s->relu != FALSE,
    .scales = weights->scales,
  };
}

static gboolean
run_gemv (const AlexnetLinear *linear, const void *x, void *y, GError **error)
{
  AlexnetGemvArgs args = get_gemv (linear, x, y);

  return alexnet_kernel_run_gemv (linear->kernels, &args,
      linear->device->stream, error);
}

static gboolean
run_cublas (const AlexnetLinear *linear, guint i, const void *x, void *y,
    GError **error)
{
  const cublasLtMatmulHeuristicResult_t *algorithm = &linear->algorithms[i];
  float alpha = 1.0f, beta = 0.0f;

  return CUBLAS (cublasLtMatmul (linear->device->cublas, linear->matmul, &alpha,
      linear->weights->weight, linear->w, x, linear->x, &beta, y, linear->y, y,
      linear->y, &algorithm->algo, linear->workspace, algorithm->workspaceSize,
      linear->device->stream));
}

static gboolean
run_dot (const AlexnetLinear *linear, const void *x, void *y, GError **error)
{
  const AlexnetLinearShape *s = &linear->shape;
  AlexnetGemvArgs args = get_gemv (linear, x, y);

  args.w = linear->weights->weight;
  return alexnet_kernel_run (linear->kernels, ALEXNET_KERNEL_DOT,
      (gsize) s->n * s->n_out * 32, &args, linear->device->stream, error);
}

gboolean
alexnet_linear_run (AlexnetLinear *linear, const void *x, void *y,
    GError **error)
{
  if (alexnet_linear_is_own (linear))
    return run_gemv (linear, x, y, error);
  if (linear->n_algorithms == 0)
    return run_dot (linear, x, y, error);
  return run_cublas (linear, linear->choice - (linear->has_gemv ? 1 : 0), x, y,
      error);
}

gboolean
alexnet_linear_run_pooled (AlexnetLinear *linear, const AlexnetPoolArgs *pool,
    void *y, GError **error)
{
  AlexnetPooledGemvArgs args = { get_gemv (linear, NULL, y), *pool };

  return alexnet_kernel_run_pooled_gemv (linear->kernels, &args,
      linear->device->stream, error);
}

char *
alexnet_linear_describe (const AlexnetLinearShape *s)
{
  static const char *const storages[] = {
    [ALEXNET_STORAGE_VALUES] = "",
    [ALEXNET_STORAGE_INT8] = " by int8",
    [ALEXNET_STORAGE_BOTH] = " by int8 and copy",
  };

  return g_strdup_printf ("linear %ux%u to %u%s %s%s aligned %u", s->n, s->n_in,
      s->n_out, s->relu ? " relu" : "", alexnet_precision_name (s->precision),
      storages[s->storage], s->alignment);
}
