/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D = epilogue (alpha * op (A) * op (B) + beta * C) from layouts as they were
 * given. Sums are kept in float; float inputs are cut to TF32 where the compute
 * type allows tensor cores. */

#include <cublasLt.h>
#include <string.h>

#include "numbers.h"
#include "private.h"

#define WORKSPACE 8192
#define MAGIC 0x736f6674

/* How an algorithm splits its sums, and keeps the parts. */
#define N_SPLITS 8
#define N_ALGORITHMS 5

static const struct {
  cublasLtReductionScheme_t reduction;
  gsize workspace;
  double speed;
  cublasStatus_t status; /* with which it fails to run */
} algorithms[N_ALGORITHMS] = {
  { CUBLASLT_REDUCTION_SCHEME_NONE, 0, 5, CUBLAS_STATUS_EXECUTION_FAILED },
  { CUBLASLT_REDUCTION_SCHEME_NONE, 0, 1 },
  { CUBLASLT_REDUCTION_SCHEME_NONE, 0, 2 },
  { CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE, WORKSPACE, 3 },
  { CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE, WORKSPACE, 9 },
};

struct cublasLtContext {
  int device;
};

/* Behind the pointers to the library's opaque structs. */
typedef struct {
  cudaDataType type;
  gint64 rows, columns, stride;
} Layout;

typedef struct {
  cublasComputeType_t compute;
  cudaDataType scale, bias_type;
  cublasOperation_t transpose_a, transpose_b;
  cublasLtEpilogue_t epilogue;
  const void *bias;
  gboolean loaded[N_ALGORITHMS]; /* their code: they have run */
} Product;

typedef struct {
  guint64 max_workspace;
  guint32 reductions; /* cublasLtReductionScheme_t that are allowed */
} Preference;

typedef struct {
  Product product;
  Layout a, b, c, d;
  const void *in_a, *in_b, *in_c;
  void *out;
  float alpha, beta;
  guint32 reduction;
} Multiplication;

const char *
cublasLtGetStatusName (cublasStatus_t status)
{
#define CASE(name) \
  case name:       \
    return #name;
  switch (status) {
    CASE (CUBLAS_STATUS_SUCCESS)
    CASE (CUBLAS_STATUS_NOT_INITIALIZED)
    CASE (CUBLAS_STATUS_ALLOC_FAILED)
    CASE (CUBLAS_STATUS_INVALID_VALUE)
    CASE (CUBLAS_STATUS_EXECUTION_FAILED)
    CASE (CUBLAS_STATUS_INTERNAL_ERROR)
    CASE (CUBLAS_STATUS_NOT_SUPPORTED)
    default:
      return "CUBLAS_STATUS_UNKNOWN";
  }
#undef CASE
}

gsize
cublasLtGetVersion (void)
{
  return 130100;
}

static cublasStatus_t
create (const char *call, gpointer *object, gsize size, SoftLive kind)
{
  cublasStatus_t status = soft_enter (call, SOFT_CUBLAS, SOFT_HOST_ONLY);

  if (!status) {
    *object = g_malloc0 (size);
    soft_count (kind, 1);
  }
  return soft_leave (SOFT_CUBLAS, status);
}

static cublasStatus_t
destroy (const char *call, gpointer object, SoftLive kind)
{
  cublasStatus_t status = soft_enter (call, SOFT_CUBLAS, SOFT_HOST_ONLY);

  if (!object)
    soft_finding ("%s has nothing to destroy", call);
  g_free (object);
  soft_count (kind, -1);
  return soft_leave (SOFT_CUBLAS, status);
}

cublasStatus_t
cublasLtCreate (cublasLtHandle_t *handle)
{
  return create ("cublasLtCreate", (gpointer *) handle,
      sizeof (struct cublasLtContext), SOFT_LIVE_CUBLAS_HANDLES);
}

cublasStatus_t
cublasLtDestroy (cublasLtHandle_t handle)
{
  return destroy ("cublasLtDestroy", handle, SOFT_LIVE_CUBLAS_HANDLES);
}

cublasStatus_t
cublasLtMatmulDescCreate (cublasLtMatmulDesc_t *desc,
    cublasComputeType_t compute, cudaDataType_t scale)
{
  cublasStatus_t status = create ("cublasLtMatmulDescCreate", (gpointer *) desc,
      sizeof (Product), SOFT_LIVE_CUBLAS_DESCRIPTORS);

  if (!status)
    *(Product *) *desc = (Product){
      .compute = compute,
      .scale = scale,
      .bias_type = -1,
      .epilogue = CUBLASLT_EPILOGUE_DEFAULT,
    };
  return status;
}

cublasStatus_t
cublasLtMatmulDescDestroy (cublasLtMatmulDesc_t desc)
{
  return destroy ("cublasLtMatmulDescDestroy", desc,
      SOFT_LIVE_CUBLAS_DESCRIPTORS);
}

static void *
product_member (Product *p, cublasLtMatmulDescAttributes_t attribute,
    gsize *size)
{
  *size = 4;
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return &p->transpose_a;
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return &p->transpose_b;
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return &p->epilogue;
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
      return &p->bias_type;
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      *size = 8;
      return &p->bias;
    default:
      return NULL;
  }
}

cublasStatus_t
cublasLtMatmulDescSetAttribute (cublasLtMatmulDesc_t desc,
    cublasLtMatmulDescAttributes_t attribute, const void *value, gsize size)
{
  cublasStatus_t status = soft_enter ("cublasLtMatmulDescSetAttribute",
      SOFT_CUBLAS, SOFT_HOST_ONLY);
  gsize wanted;
  void *member = product_member ((Product *) desc, attribute, &wanted);

  if (!status && (!member || size != wanted))
    status = CUBLAS_STATUS_INVALID_VALUE;
  if (!status)
    memcpy (member, value, size);
  return soft_leave (SOFT_CUBLAS, status);
}

cublasStatus_t
cublasLtMatrixLayoutCreate (cublasLtMatrixLayout_t *layout, cudaDataType type,
    guint64 rows, guint64 columns, gint64 stride)
{
  cublasStatus_t status = create ("cublasLtMatrixLayoutCreate",
      (gpointer *) layout, sizeof (Layout), SOFT_LIVE_CUBLAS_DESCRIPTORS);

  if (!status)
    *(Layout *) *layout = (Layout){ type, rows, columns, stride };
  return status;
}

cublasStatus_t
cublasLtMatrixLayoutDestroy (cublasLtMatrixLayout_t layout)
{
  return destroy ("cublasLtMatrixLayoutDestroy", layout,
      SOFT_LIVE_CUBLAS_DESCRIPTORS);
}

cublasStatus_t
cublasLtMatmulPreferenceCreate (cublasLtMatmulPreference_t *preference)
{
  cublasStatus_t status = create ("cublasLtMatmulPreferenceCreate",
      (gpointer *) preference, sizeof (Preference),
      SOFT_LIVE_CUBLAS_DESCRIPTORS);

  if (!status)
    ((Preference *) *preference)->reductions = CUBLASLT_REDUCTION_SCHEME_MASK;
  return status;
}

cublasStatus_t
cublasLtMatmulPreferenceDestroy (cublasLtMatmulPreference_t preference)
{
  return destroy ("cublasLtMatmulPreferenceDestroy", preference,
      SOFT_LIVE_CUBLAS_DESCRIPTORS);
}

static void *
preference_member (Preference *p,
    cublasLtMatmulPreferenceAttributes_t attribute, gsize *size)
{
  static guint32 ignored;

  *size = 4;
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      *size = 8;
      return &p->max_workspace;
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
      return &p->reductions;
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return &ignored;
    default:
      return NULL;
  }
}

cublasStatus_t
cublasLtMatmulPreferenceSetAttribute (cublasLtMatmulPreference_t preference,
    cublasLtMatmulPreferenceAttributes_t attribute, const void *value,
    gsize size)
{
  cublasStatus_t status = soft_enter ("cublasLtMatmulPreferenceSetAttribute",
      SOFT_CUBLAS, SOFT_HOST_ONLY);
  gsize wanted;
  void *member = preference_member ((Preference *) preference, attribute,
      &wanted);

  if (!status && (!member || size != wanted))
    status = CUBLAS_STATUS_INVALID_VALUE;
  if (!status)
    memcpy (member, value, size);
  return soft_leave (SOFT_CUBLAS, status);
}

static gsize
type_size (cudaDataType type)
{
  return type == CUDA_R_32F ? 4 : 2;
}

static gboolean
is_float_type (cudaDataType type)
{
  return type == CUDA_R_32F || type == CUDA_R_16F || type == CUDA_R_16BF;
}

static gint64
inner (const Layout *l, cublasOperation_t operation, gboolean left)
{
  return (operation == CUBLAS_OP_N) == left ? l->columns : l->rows;
}

static gint64
outer (const Layout *l, cublasOperation_t operation, gboolean left)
{
  return (operation == CUBLAS_OP_N) == left ? l->rows : l->columns;
}

static gboolean
fits (const Product *p, const Layout *a, const Layout *b, const Layout *c,
    const Layout *d)
{
  return is_float_type (a->type) && a->type == b->type && c->type == d->type &&
      is_float_type (d->type) &&
      (p->compute == CUBLAS_COMPUTE_32F ||
          p->compute == CUBLAS_COMPUTE_32F_FAST_TF32) &&
      p->scale == CUDA_R_32F && a->stride >= a->rows && b->stride >= b->rows &&
      c->stride >= c->rows && d->stride >= d->rows && c->rows == d->rows &&
      c->columns == d->columns &&
      inner (a, p->transpose_a, TRUE) == inner (b, p->transpose_b, FALSE) &&
      outer (a, p->transpose_a, TRUE) == d->rows &&
      outer (b, p->transpose_b, FALSE) == d->columns;
}

/* With a status that says something else. PyTorch has seen it for matrices of
 * one row or column, though for leading dimensions that may have been wrong. */
static gboolean
is_refused (const Layout *a)
{
  return soft_device ()->no_products || a->rows == 1 || a->columns == 1;
}

static int
fill_results (const Preference *preference, int wanted,
    cublasLtMatmulHeuristicResult_t *results)
{
  int n = 0;

  for (guint64 i = 0; i < N_ALGORITHMS && n < wanted; i++) {
    if (algorithms[i].workspace > preference->max_workspace ||
        algorithms[i].reduction & ~preference->reductions)
      continue;
    memset (&results[n], 0, sizeof results[n]);
    results[n].algo.data[0] = MAGIC;
    results[n].algo.data[1] = i;
    results[n].workspaceSize = algorithms[i].workspace;
    results[n++].state = CUBLAS_STATUS_SUCCESS;
  }
  return n;
}

cublasStatus_t
cublasLtMatmulAlgoGetHeuristic (cublasLtHandle_t handle,
    cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a,
    cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
    cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference, int wanted,
    cublasLtMatmulHeuristicResult_t results[], int *n)
{
  cublasStatus_t status = soft_enter ("cublasLtMatmulAlgoGetHeuristic",
      SOFT_CUBLAS, 0);

  *n = 0;
  if (!status &&
      !fits ((Product *) desc, (Layout *) a, (Layout *) b, (Layout *) c,
          (Layout *) d))
    status = CUBLAS_STATUS_NOT_SUPPORTED;
  if (!status && is_refused ((Layout *) a))
    status = CUBLAS_STATUS_INVALID_VALUE;
  if (!status)
    *n = fill_results ((Preference *) preference, wanted, results);
  return soft_leave (SOFT_CUBLAS, status);
}

static float
read_value (const void *memory, gint64 i, cudaDataType type)
{
  switch (type) {
    case CUDA_R_16F:
      return soft_fp16_to_float (((const guint16 *) memory)[i]);
    case CUDA_R_16BF:
      return soft_bf16_to_float (((const guint16 *) memory)[i]);
    default:
      return ((const float *) memory)[i];
  }
}

static void
write_value (void *memory, gint64 i, cudaDataType type, float value)
{
  switch (type) {
    case CUDA_R_16F:
      ((guint16 *) memory)[i] = soft_fp16_from_float (value);
      break;
    case CUDA_R_16BF:
      ((guint16 *) memory)[i] = soft_bf16_from_float (value);
      break;
    default:
      ((float *) memory)[i] = value;
  }
}

static float
round_value (float value, cudaDataType type)
{
  float rounded;

  write_value (&rounded, 0, type, value);
  return read_value (&rounded, 0, type);
}

/* Vector `i` of the `n` values that are multiplied and added. */
static void
read_vector (float *values, const void *memory, const Layout *l,
    gboolean by_column, gint64 i, gint64 n, gboolean tf32)
{
  for (gint64 k = 0; k < n; k++) {
    float v = read_value (memory,
        by_column ? i * l->stride + k : k * l->stride + i, l->type);

    values[k] = tf32 ? soft_cut_tf32 (v) : v;
  }
}

static float *
read_vectors (const void *memory, const Layout *l, gboolean by_column,
    gint64 n_vectors, gint64 n, gboolean tf32)
{
  float *values = g_new (float, n_vectors *n);

  for (gint64 i = 0; i < n_vectors; i++)
    read_vector (values + i * n, memory, l, by_column, i, n, tf32);
  return values;
}

static float
finish_value (const Multiplication *m, float sum, gint64 row, gint64 column)
{
  const Product *p = &m->product;
  float value = m->alpha * sum;

  if (m->beta != 0)
    value += m->beta *
        read_value (m->in_c, column * m->c.stride + row, m->c.type);
  if (p->epilogue & CUBLASLT_EPILOGUE_BIAS)
    value += read_value (p->bias, row,
        (int) p->bias_type == -1 ? m->d.type : p->bias_type);
  if (p->epilogue & CUBLASLT_EPILOGUE_RELU)
    value = value < 0 ? 0 : value;
  return value;
}

SOFT_UNCHECKED static float
dot (const float *a, const float *b, gint64 n)
{
  float sums[8] = { 0 };
  gint64 k = 0;

  for (; k + 8 <= n; k += 8)
    for (guint i = 0; i < 8; i++)
      sums[i] += a[k + i] * b[k + i];
  for (; k < n; k++)
    sums[0] += a[k] * b[k];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
      ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

/* The parts are added up in the type of what comes out. */
static float
dot_in_parts (const float *a, const float *b, gint64 n, cudaDataType type)
{
  float sum = 0;

  for (gint64 i = 0; i < N_SPLITS; i++) {
    gint64 first = n * i / N_SPLITS, end = n * (i + 1) / N_SPLITS;

    sum = round_value (sum +
            round_value (dot (a + first, b + first, end - first), type),
        type);
  }
  return sum;
}

static float
add_products (const Multiplication *m, const float *a, const float *b, gint64 n)
{
  return m->reduction == CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE
      ? dot_in_parts (a, b, n, m->d.type)
      : dot (a, b, n);
}

static void
check_matrix (const void *memory, const Layout *l, const char *what)
{
  soft_check_device (memory,
      ((l->columns - 1) * l->stride + l->rows) * type_size (l->type), what);
}

static void
check (const Multiplication *m)
{
  check_matrix (m->in_a, &m->a, "matrix A");
  check_matrix (m->in_b, &m->b, "matrix B");
  if (m->beta != 0)
    check_matrix (m->in_c, &m->c, "matrix C");
  check_matrix (m->out, &m->d, "matrix D");
  if (m->product.epilogue & CUBLASLT_EPILOGUE_BIAS)
    soft_check_device (m->product.bias,
        m->d.rows *
            type_size ((int) m->product.bias_type == -1 ? m->d.type
                                                        : m->product.bias_type),
        "a bias");
}

static void
multiply (void *data)
{
  const Multiplication *m = data;
  const Product *p = &m->product;
  gboolean tf32 = p->compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  gint64 n = inner (&m->a, p->transpose_a, TRUE);
  g_autofree float *a = NULL, *b = NULL;

  check (m);
  a = read_vectors (m->in_a, &m->a, p->transpose_a != CUBLAS_OP_N, m->d.rows, n,
      tf32);
  b = read_vectors (m->in_b, &m->b, p->transpose_b == CUBLAS_OP_N, m->d.columns,
      n, tf32);
  for (gint64 column = 0; column < m->d.columns; column++)
    for (gint64 row = 0; row < m->d.rows; row++)
      write_value (m->out, column * m->d.stride + row, m->d.type,
          finish_value (m, add_products (m, a + row * n, b + column * n, n),
              row, column));
}

static double
duration (const Multiplication *m, guint64 algorithm)
{
  return 3 +
      m->d.rows * (double) m->a.rows * m->a.columns / 1e7 /
      algorithms[algorithm].speed;
}

static cublasStatus_t
enqueue (Multiplication *m, gboolean *loaded, const cublasLtMatmulAlgo_t *algo,
    void *workspace, gsize workspace_size, cudaStream_t stream)
{
  SoftWork work = { "product", multiply, m, sizeof *m, 0 };
  guint64 i = algo ? algo->data[1] : 0;

  if (!algo || algo->data[0] != MAGIC || i >= N_ALGORITHMS ||
      !fits (&m->product, &m->a, &m->b, &m->c, &m->d) ||
      workspace_size < algorithms[i].workspace)
    return CUBLAS_STATUS_INVALID_VALUE;
  check (m);
  if (algorithms[i].status)
    return algorithms[i].status;
  m->reduction = algorithms[i].reduction;
  work.microseconds = duration (m, i);
  work.loaded = &loaded[i];
  return soft_enqueue_with_workspace (stream, &work, workspace,
             algorithms[i].workspace)
      ? CUBLAS_STATUS_EXECUTION_FAILED
      : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmul (cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
    const void *alpha, const void *a, cublasLtMatrixLayout_t layout_a,
    const void *b, cublasLtMatrixLayout_t layout_b, const void *beta,
    const void *c, cublasLtMatrixLayout_t layout_c, void *d,
    cublasLtMatrixLayout_t layout_d, const cublasLtMatmulAlgo_t *algo,
    void *workspace, gsize workspace_size, cudaStream_t stream)
{
  cublasStatus_t status = soft_enter ("cublasLtMatmul", SOFT_CUBLAS, 0);
  Multiplication m;

  if (!status) {
    memset (&m, 0, sizeof m);
    m.product = *(Product *) desc;
    memset (m.product.loaded, 0, sizeof m.product.loaded);
    m.a = *(Layout *) layout_a;
    m.b = *(Layout *) layout_b;
    m.c = *(Layout *) layout_c;
    m.d = *(Layout *) layout_d;
    m.in_a = a;
    m.in_b = b;
    m.in_c = c;
    m.out = d;
    m.alpha = *(const float *) alpha;
    m.beta = *(const float *) beta;
    status = enqueue (&m, ((Product *) desc)->loaded, algo, workspace,
        workspace_size, stream);
  }
  return soft_leave (SOFT_CUBLAS, status);
}
