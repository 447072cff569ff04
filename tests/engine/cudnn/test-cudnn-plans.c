/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Has cuDNN itself build every plan of the networks and of the demonstration
 * model, in each precision and for each batch size that gets a graph, for GPUs
 * that are not there, with the module's own code; and write and read plans as
 * JSON, all of one device and the first of each list of others. How many plans
 * each version of cuDNN has stands in tests/data/plans.txt. */

#include "cudnn/plan.h"
#include "cudnn/precision.h"
#include "model/model.h"
#include "support/absent-devices.h"
#include "support/models.h"
#include "support/says.h"

#define TABLE "plans.txt"
#define WORKSPACE (64 << 20)

/* Of which all plans are written and read, which takes as long as to have them
 * built. */
#define RELOADED "h200"

static const AlexnetPrecision precisions[] = { ALEXNET_PRECISION_FP32,
  ALEXNET_PRECISION_TF32, ALEXNET_PRECISION_FP16, ALEXNET_PRECISION_BF16,
  ALEXNET_PRECISION_AUTO };

/* A field of the table, one for each of the precisions. */
typedef struct {
  char *device;
  guint precision; /* index of precisions */
  char result[16]; /* number of plans, "-" for none; what AUTO becomes */
} Case;

static Case *cases;
static guint n_cases;

typedef struct {
  Case *test;
  AlexnetPrecision precision;
  AbsentDevice device;
  guint n_convs, n_plans, n_refused, n_reloaded;
  GHashTable *checked; /* what networks share need be planned once */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  Case *test = (Case *) data;

  f->test = test;
  f->precision = precisions[test->precision];
  f->checked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  absent_device_open (&f->device, test->device);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  absent_device_close (&f->device);
  g_hash_table_unref (f->checked);
}

static void
check_reload (Fixture *f, const AlexnetConvPlan *plan)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *json = alexnet_conv_plan_to_json (plan, &error);
  AlexnetConvPlan *again;

  g_assert_no_error (error);
  again = alexnet_conv_plan_from_json (&f->device.cudnn, json, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (alexnet_conv_plan_workspace (again), ==,
      alexnet_conv_plan_workspace (plan));
  alexnet_conv_plan_free (again);
  f->n_reloaded++;
}

static void
check_conv (Fixture *f, const AlexnetProgram *program, guint i,
    const AlexnetConv *conv)
{
  g_autofree char *layer = alexnet_op_get_name (program, i);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray)
      plans = alexnet_conv_plans (&f->device.cudnn, conv, WORKSPACE, &error);
  gboolean all = g_str_equal (f->test->device, RELOADED);

  if (!plans) {
    g_test_message ("%s, %s, batch of %u, %s: %s", layer,
        alexnet_precision_name (conv->precision), conv->n, f->device.name,
        error->message);
    f->n_refused++;
    return;
  }
  for (guint j = 0; j < (all ? plans->len : 1); j++)
    check_reload (f, g_ptr_array_index (plans, j));
  f->n_convs++;
  f->n_plans += plans->len;
}

static void
check_refused_conv (Fixture *f, const AlexnetConv *conv)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *plans = alexnet_conv_plans (&f->device.cudnn, conv, WORKSPACE,
      &error);

  g_assert_null (plans);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
}

static void
check_network (Fixture *f, const AlexnetNetwork *network, gboolean refused)
{
  AlexnetPrecision precision = f->precision;
  guint sizes[ALEXNET_MAX_BATCHES];
  guint n_sizes = alexnet_get_batches (ALEXNET_MAX_BATCH_SIZE, sizes);
  g_autoptr (GError) error = NULL;
  AlexnetProgram program;

  alexnet_program_build (&program, network, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < program.n_ops; i++)
    for (guint j = 0; j < n_sizes; j++) {
      AlexnetConv conv;

      if (program.ops[i].kind != ALEXNET_OP_CONV)
        continue;
      conv = alexnet_op_get_conv (&program, i, sizes[j], precision);
      if (!g_hash_table_add (f->checked, alexnet_conv_describe (&conv)))
        continue;
      if (refused)
        check_refused_conv (f, &conv);
      else
        check_conv (f, &program, i, &conv);
    }
}

/* The ONNX Model Zoo's bvlcalexnet: the 2012 network on an image of 224 pixels,
 * its last pool padded at the end. */
static void
change_to_zoo (AlexnetNetwork *network)
{
  guint i = network->n_layers;

  network->input = (AlexnetShape){ 3, 224, 224 };
  while (network->layers[--i].kind != ALEXNET_LAYER_MAXPOOL)
    continue;
  network->layers[i].end_padding = 1;
}

static void
change_to_gray (AlexnetNetwork *network)
{
  network->input.channels = 1;
}

/* Every convolution padded at the end alone. */
static void
change_to_ends (AlexnetNetwork *network)
{
  for (guint i = 0; i < network->n_layers; i++) {
    AlexnetLayer *layer = &network->layers[i];

    layer->end_padding += layer->padding;
    layer->padding = 0;
  }
}

static const struct {
  const char *architecture;
  void (*change) (AlexnetNetwork *network);
} changes[] = {
  { "caffe", change_to_zoo },
  { "torchvision", change_to_gray },
  { "caffe", change_to_ends },
};

static void
check_changed (Fixture *f, gboolean refused)
{
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    AlexnetNetwork network = *alexnet_network_find (changes[i].architecture);
    g_autoptr (GError) error = NULL;

    changes[i].change (&network);
    alexnet_network_infer_shapes (&network, &error);
    g_assert_no_error (error);
    check_network (f, &network, refused);
  }
}

static void
check_networks (Fixture *f, gboolean refused)
{
  AlexnetModel *model = models_load (NULL);

  for (guint i = 0; alexnet_networks ()[i]; i++)
    check_network (f, alexnet_networks ()[i], refused);
  check_network (f, alexnet_model_get_network (model), refused);
  check_changed (f, refused);
  alexnet_model_unref (model);
}

static void
check_result (const Case *test)
{
  absent_devices_check_field (TABLE, test->device, test->precision,
      test->result);
}

/* A device that this version of cuDNN does not know gets no plan at all. */
static gboolean
skip_unknown (const Fixture *f)
{
  g_autofree char *recorded = absent_devices_find_field (TABLE, f->test->device,
      f->test->precision);
  g_autofree char *version = absent_devices_get_version ();
  g_autofree char *reason = g_strdup_printf ("cuDNN %s has no plan for %s",
      version, f->device.name);

  if (f->n_convs > 0 || f->n_refused == 0 || recorded)
    return FALSE;
  g_test_skip (reason);
  return TRUE;
}

static void
test_plans (Fixture *f, gconstpointer data)
{
  AlexnetPrecision precision = f->precision;
  gboolean lacks = f->device.capability < 80 &&
      (precision == ALEXNET_PRECISION_BF16 ||
          precision == ALEXNET_PRECISION_TF32);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (alexnet_precision_resolve (&precision, &f->device.cudnn,
                       alexnet_networks ()[0], f->device.capability,
                       f->device.name, &error),
      ==, !lacks);
  if (lacks) {
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
    assert_says (error->message, f->device.name);
    assert_says (error->message, alexnet_precision_name (precision));
    g_test_message ("%s", error->message);
  } else {
    g_assert_no_error (error);
  }
  /* cuDNN runs TF32 tensors as FP32 where there is no TF32. */
  if (!lacks || precision == ALEXNET_PRECISION_BF16)
    check_networks (f, lacks);
  if (skip_unknown (f))
    return;
  g_assert_cmpuint (f->n_refused, ==, 0);
  g_assert_cmpint (f->n_convs > 0, ==, !lacks);
  g_test_message ("%u plans for %u convolutions, %u written and read again",
      f->n_plans, f->n_convs, f->n_reloaded);
  if (f->n_plans > 0)
    g_snprintf (f->test->result, sizeof f->test->result, "%u", f->n_plans);
  check_result (f->test);
}

/* The same for every network. */
static void
test_auto (Fixture *f, gconstpointer data)
{
  for (guint i = 0; alexnet_networks ()[i]; i++) {
    AlexnetPrecision precision = ALEXNET_PRECISION_AUTO;
    g_autoptr (GError) error = NULL;

    alexnet_precision_resolve (&precision, &f->device.cudnn,
        alexnet_networks ()[i], f->device.capability, f->device.name, &error);
    g_assert_no_error (error);
    if (i > 0)
      g_assert_cmpstr (f->test->result, ==, alexnet_precision_name (precision));
    g_strlcpy (f->test->result, alexnet_precision_name (precision),
        sizeof f->test->result);
  }
  check_result (f->test);
}

static void
add_cases (void)
{
  GList *names = absent_devices_list ();
  guint n = G_N_ELEMENTS (precisions);

  cases = g_new0 (Case, n * g_list_length (names));
  for (GList *l = names; l; l = l->next)
    for (guint i = 0; i < n; i++) {
      Case *c = &cases[n_cases++];
      g_autofree char *path = g_strdup_printf ("/cudnn-plans/%s/%s",
          (const char *) l->data, alexnet_precision_name (precisions[i]));

      *c = (Case){ g_strdup (l->data), i, "-" };
      g_test_add (path, Fixture, c, set_up,
          precisions[i] == ALEXNET_PRECISION_AUTO ? test_auto : test_plans,
          tear_down);
    }
  g_list_free_full (names, g_free);
}

/* The rows of the table, of what was run. */
static void
print_results (void)
{
  g_autofree char *version = absent_devices_get_version ();
  guint n = G_N_ELEMENTS (precisions);

  g_print ("# built with cuDNN %d.%d.%d; version, device, plans in fp32, tf32, "
           "fp16, bf16, auto\n",
      CUDNN_MAJOR, CUDNN_MINOR, CUDNN_PATCHLEVEL);
  for (guint i = 0; i < n_cases; i += n) {
    g_print ("# %-7s %-8s", version, cases[i].device);
    for (guint j = i; j < i + n; j++)
      g_print (" %5s", cases[j].result);
    g_print ("\n");
  }
}

int
main (int argc, char **argv)
{
  return absent_devices_main (argc, argv, "/cudnn-plans", add_cases,
      print_results);
}
