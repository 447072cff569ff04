/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What cuDNN offers for convolutions of whole numbers of 8 bits, for GPUs that
 * are not there: those of torchvision's network, for an image and for 128. The
 * module runs none of them. tests/data/plans-int8.txt says why: what multiplies
 * by an output's scale, adds its bias and knows ReLU in the same kernel has to
 * be compiled when it is wanted; what is compiled leaves that to others. */

#include <string.h>

#include "cudnn/descriptor.h"
#include "cudnn/graph.h"
#include "support/absent-devices.h"

#define TABLE "plans-int8.txt"
#define MAX_CONFIGS 64

/* x and filter are of 8 bits, their products' sums of 32; `out` is what comes
 * out, of the sums themselves or, if `fused`, of their multiples by a scale for
 * each output, with bias and ReLU. NHWC, or NCHW in vectors of channels. */
typedef struct {
  const char *name;
  cudnnDataType_t out;
  gboolean fused;
  guint vector; /* 0: NHWC */
} Form;

static const Form forms[] = {
  { "int32", CUDNN_DATA_INT32 },
  { "float", CUDNN_DATA_FLOAT },
  { "int8", CUDNN_DATA_INT8 },
  { "int8x4", CUDNN_DATA_INT8, .vector = 4 },
  { "int8x32", CUDNN_DATA_INT8, .vector = 32 },
  { "fused-half", CUDNN_DATA_HALF, .fused = TRUE },
  { "fused-int8", CUDNN_DATA_INT8, .fused = TRUE },
  { "fused-int8x4", CUDNN_DATA_INT8, .fused = TRUE, .vector = 4 },
  { "fused-int8x32", CUDNN_DATA_INT8, .fused = TRUE, .vector = 32 },
};

/* Plans that are ready, and configurations that must be compiled first. */
typedef struct {
  guint n_ready, n_compiling;
} Offer;

/* A row of the table. */
typedef struct {
  char *device;
  char results[G_N_ELEMENTS (forms)][16];
} Case;

static Case *cases;
static guint n_cases;

/* All descriptors of a graph, the last one first. */
static Descriptor
keep (GPtrArray *made, Descriptor d, const GError *error)
{
  g_assert_no_error (error);
  g_ptr_array_insert (made, 0, d);
  return d;
}

static Descriptor
make (GPtrArray *made, cudnnBackendDescriptorType_t type,
    const Attribute *attributes, guint n)
{
  g_autoptr (GError) error = NULL;
  Descriptor d = alexnet_desc_make (type, attributes, n, &error);

  return keep (made, d, error);
}
#define MAKE(made, type, attributes) \
  make (made, type, attributes, G_N_ELEMENTS (attributes))

typedef struct {
  const Form *form;
  const AlexnetConv *conv;
  GPtrArray *made;
  gint64 n_tensors;
} Build;

/* [n,c,h,w], of which the other kernels of a graph see nothing if `hidden`. */
static Descriptor
add_tensor (Build *build, cudnnDataType_t type, gboolean hidden, gint64 n,
    gint64 c, gint64 h, gint64 w)
{
  const gint64 vector = MAX (build->form->vector, 1), alignment = 16;
  const gint64 groups = c / vector, vectorized = 1;
  const gint64 dims[] = { n, groups, h, w };
  const gint64 nhwc[] = { c * h * w, 1, c * w, c };
  const gint64 nchw[] = { groups * h * w, h * w, w, 1 };
  const gint64 uid = ++build->n_tensors;
  const guint8 is_virtual = hidden != FALSE;
  const Attribute attributes[] = {
    { CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &uid },
    { CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type },
    { CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, dims },
    { CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4,
        vector == 1 ? nhwc : nchw },
    { CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment },
    { CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual },
    { CUDNN_ATTR_TENSOR_VECTOR_COUNT, CUDNN_TYPE_INT64, 1, &vector },
    { CUDNN_ATTR_TENSOR_VECTORIZED_DIMENSION, CUDNN_TYPE_INT64, 1,
        &vectorized },
  };

  return make (build->made, CUDNN_BACKEND_TENSOR_DESCRIPTOR, attributes,
      vector == 1 ? 6 : 8);
}

/* Of what an operation of the graph makes: the last one, what comes out. */
static Descriptor
add_output (Build *build, cudnnDataType_t type, gboolean last)
{
  const AlexnetConv *c = build->conv;
  guint padding = c->padding + c->end_padding;

  return add_tensor (build, type, !last, c->n, c->k,
      (c->h + padding - c->kernel) / c->stride + 1,
      (c->w + padding - c->kernel) / c->stride + 1);
}

static Descriptor
add_convolution (Build *build)
{
  g_autoptr (GError) error = NULL;
  Descriptor d = alexnet_convolution_new (build->conv, CUDNN_DATA_INT32,
      &error);

  return keep (build->made, d, error);
}

static Descriptor
add_sums (Build *build, Descriptor sums)
{
  const AlexnetConv *c = build->conv;
  Descriptor convolution = add_convolution (build);
  Descriptor x = add_tensor (build, CUDNN_DATA_INT8, FALSE, c->n, c->c, c->h,
      c->w);
  Descriptor filter = add_tensor (build, CUDNN_DATA_INT8, FALSE, c->k, c->c,
      c->kernel, c->kernel);
  const float alpha = 1, beta = 0;
  const Attribute attributes[] = {
    DESC_LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, convolution),
    DESC_LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x),
    DESC_LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, filter),
    DESC_LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, sums),
    { CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1,
        &alpha },
    { CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1,
        &beta },
  };

  return MAKE (build->made,
      CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, attributes);
}

/* y of x and, but for ReLU, of a float for each output. */
static Descriptor
add_pointwise (Build *build, cudnnPointwiseMode_t mode, Descriptor x,
    Descriptor y)
{
  gboolean binary = mode != CUDNN_POINTWISE_RELU_FWD;
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  const Attribute how[] = {
    { CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode },
    { CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &compute },
  };
  Descriptor pointwise = MAKE (build->made, CUDNN_BACKEND_POINTWISE_DESCRIPTOR,
      how);
  Descriptor b = add_tensor (build, CUDNN_DATA_FLOAT, FALSE, 1, build->conv->k,
      1, 1);
  const Attribute attributes[] = {
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise),
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x),
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y),
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b),
  };

  return make (build->made, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR,
      attributes, binary ? 4 : 3);
}

static Descriptor
add_graph (Build *build)
{
  gboolean fused = build->form->fused;
  cudnnDataType_t out = build->form->out;
  Descriptor sums = add_output (build, fused ? CUDNN_DATA_INT32 : out, !fused);
  Descriptor ops[4] = { add_sums (build, sums) };
  const Attribute attributes[] = {
    { CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
        fused ? 4 : 1, ops },
  };

  if (fused) {
    Descriptor scaled = add_output (build, CUDNN_DATA_FLOAT, FALSE);
    Descriptor biased = add_output (build, CUDNN_DATA_FLOAT, FALSE);
    Descriptor y = add_output (build, out, TRUE);

    ops[1] = add_pointwise (build, CUDNN_POINTWISE_MUL, sums, scaled);
    ops[2] = add_pointwise (build, CUDNN_POINTWISE_ADD, scaled, biased);
    ops[3] = add_pointwise (build, CUDNN_POINTWISE_RELU_FWD, biased, y);
  }
  return MAKE (build->made, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR,
      attributes);
}

static gboolean
must_be_compiled (Descriptor config)
{
  cudnnBackendBehaviorNote_t notes[CUDNN_BEHAVIOR_NOTE_TYPE_COUNT];
  g_autoptr (GError) error = NULL;
  Descriptor engine = alexnet_desc_begin (CUDNN_BACKEND_ENGINE_DESCRIPTOR, NULL,
      0, &error);
  gboolean found = FALSE;
  gint64 n;

  alexnet_desc_get (config, CUDNN_ATTR_ENGINECFG_ENGINE,
      CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &engine, &error);
  n = alexnet_desc_get (engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE,
      CUDNN_TYPE_BEHAVIOR_NOTE, G_N_ELEMENTS (notes), notes, &error);
  g_assert_no_error (error);
  for (gint64 i = 0; i < n; i++)
    found = found || notes[i] == CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION;
  alexnet_desc_free (engine);
  return found;
}

/* Whether the plan can be built, as some cannot. */
static gboolean
is_ready (const AlexnetCudnn *cudnn, Descriptor config)
{
  const Attribute attributes[] = {
    DESC_LINK (CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config),
    DESC_LINK (CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, cudnn->properties),
  };
  g_autoptr (GError) refused = NULL;
  Descriptor plan = DESC_MAKE (CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR,
      attributes, &refused);

  alexnet_desc_free (plan);
  return plan != NULL;
}

static void
count_configs (Offer *offer, const AlexnetCudnn *cudnn, Descriptor list)
{
  Descriptor configs[MAX_CONFIGS];
  g_autoptr (GError) error = NULL;
  gint64 n;

  for (guint i = 0; i < MAX_CONFIGS; i++)
    configs[i] = alexnet_desc_begin (CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, NULL,
        0, &error);
  n = alexnet_desc_get (list, CUDNN_ATTR_ENGINEHEUR_RESULTS,
      CUDNN_TYPE_BACKEND_DESCRIPTOR, MAX_CONFIGS, configs, &error);
  g_assert_no_error (error);
  for (gint64 i = 0; i < n; i++)
    if (must_be_compiled (configs[i]))
      offer->n_compiling++;
    else
      offer->n_ready += is_ready (cudnn, configs[i]) != FALSE;
  for (guint i = 0; i < MAX_CONFIGS; i++)
    alexnet_desc_free (configs[i]);
}

/* Of one of cuDNN's lists, which is refused where it would be empty. */
static void
count_list (Offer *offer, const AlexnetCudnn *cudnn, Descriptor graph,
    cudnnBackendHeurMode_t mode)
{
  const Attribute attributes[] = {
    DESC_LINK (CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph),
    { CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode },
    DESC_LINK (CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, cudnn->properties),
  };
  g_autoptr (GError) error = NULL;
  Descriptor list = DESC_MAKE (CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, attributes,
      &error);

  if (error)
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  else
    count_configs (offer, cudnn, list);
  alexnet_desc_free (list);
}

static void
count_conv (Offer *offer, const AlexnetCudnn *cudnn, const Form *form,
    const AlexnetConv *conv)
{
  g_autoptr (GPtrArray)
      made = g_ptr_array_new_with_free_func (alexnet_desc_free);
  Build build = { form, conv, made, 0 };
  Descriptor graph;

  if (conv->c % MAX (form->vector, 1) || conv->k % MAX (form->vector, 1))
    return;
  graph = add_graph (&build);
  count_list (offer, cudnn, graph, CUDNN_HEUR_MODE_A);
  count_list (offer, cudnn, graph, CUDNN_HEUR_MODE_FALLBACK);
}

static Offer
count_form (const AlexnetCudnn *cudnn, const Form *form)
{
  static const guint batches[] = { 1, 128 };
  g_autoptr (GError) error = NULL;
  AlexnetProgram program;
  Offer offer = { 0, 0 };

  alexnet_program_build (&program, alexnet_network_find ("torchvision"),
      &error);
  g_assert_no_error (error);
  for (guint i = 0; i < program.n_ops; i++)
    for (guint j = 0; j < G_N_ELEMENTS (batches); j++)
      if (program.ops[i].kind == ALEXNET_OP_CONV) {
        AlexnetConv conv = alexnet_op_get_conv (&program, i, batches[j],
            ALEXNET_PRECISION_FP16);

        count_conv (&offer, cudnn, form, &conv);
      }
  return offer;
}

static void
test_offers (gconstpointer data)
{
  Case *test = (Case *) data;
  AbsentDevice device;

  absent_device_open (&device, test->device);
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    Offer offer = count_form (&device.cudnn, &forms[i]);

    g_snprintf (test->results[i], sizeof test->results[i], "%u+%u",
        offer.n_ready, offer.n_compiling);
  }
  absent_device_close (&device);
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    absent_devices_check_field (TABLE, test->device, i, test->results[i]);
}

static void
add_cases (void)
{
  GList *ids = absent_devices_list ();

  cases = g_new0 (Case, g_list_length (ids));
  for (GList *l = ids; l; l = l->next) {
    g_autofree char *path = g_strconcat ("/cudnn-int8/", l->data, NULL);

    cases[n_cases].device = g_strdup (l->data);
    g_test_add_data_func (path, &cases[n_cases++], test_offers);
  }
  g_list_free_full (ids, g_free);
}

/* The rows of the table, of what was run. */
static void
print_results (void)
{
  g_autofree char *version = absent_devices_get_version ();

  g_print ("# cuDNN device ");
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    g_print (" %s", forms[i].name);
  for (guint i = 0; i < n_cases; i++) {
    g_print ("\n# %-7s %-8s", version, cases[i].device);
    for (guint j = 0; j < G_N_ELEMENTS (forms); j++)
      g_print (" %*s", (int) strlen (forms[j].name), cases[i].results[j]);
  }
  g_print ("\n");
}

int
main (int argc, char **argv)
{
  return absent_devices_main (argc, argv, "/cudnn-int8", add_cases,
      print_results);
}
