/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Has cuDNN itself build every plan of the networks and of the demonstration
 * model, in each precision and for each batch size that gets a graph, for GPUs
 * that are not there, with the module's own code; and write and read each plan
 * as JSON. A device is a file of tests/data/devices/.
 *
 * cuDNN gives empty lists when nothing answers as libcuda.so.1. The toolkit's
 * stub does, in a private folder on the library path of this process alone:
 * that is why the program starts itself again. */

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cudnn/plan.h"
#include "model/model.h"
#include "support/models.h"

#define WORKSPACE (64 << 20)

/* Set in the second process: the folder to remove in the end. */
#define STUB_VARIABLE "ALEXNET_TEST_STUB_DIR"

typedef struct {
  const char *device; /* file, without its extension */
  AlexnetPrecision precision;
} Case;

typedef struct {
  const Case *test;
  AlexnetCudnn cudnn;
  char *name;
  guint capability;
  guint n_convs, n_plans;
  GHashTable *checked; /* what networks share need be planned once */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *file = NULL, *path = NULL, *json = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  f->test = data;
  f->checked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  file = g_strconcat (f->test->device, ".json", NULL);
  path = g_build_filename (g_getenv ("ALEXNET_TEST_DATA"), "devices", file,
      NULL);
  g_file_get_contents (path, &json, NULL, &error);
  g_assert_no_error (error);
  json_parser_load_from_data (parser, json, -1, &error);
  g_assert_no_error (error);
  object = json_node_get_object (json_parser_get_root (parser));
  f->name = g_strdup (json_object_get_string_member (object, "deviceName"));
  f->capability = (guint) json_object_get_int_member (object, "deviceVer") / 10;
  alexnet_cudnn_open_for (&f->cudnn, json, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  alexnet_cudnn_close (&f->cudnn, &error);
  g_assert_no_error (error);
  g_hash_table_unref (f->checked);
  g_free (f->name);
}

static void
check_reload (Fixture *f, const AlexnetConvPlan *plan)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *json = alexnet_conv_plan_to_json (plan, &error);
  AlexnetConvPlan *again;

  g_assert_no_error (error);
  again = alexnet_conv_plan_from_json (&f->cudnn, json, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (alexnet_conv_plan_workspace (again), ==,
      alexnet_conv_plan_workspace (plan));
  alexnet_conv_plan_free (again);
}

static void
check_conv (Fixture *f, const AlexnetProgram *program, guint i,
    const AlexnetConv *conv)
{
  g_autofree char *layer = alexnet_op_get_name (program, i);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray)
      plans = alexnet_conv_plans (&f->cudnn, conv, WORKSPACE, &error);

  if (!plans) {
    g_test_message ("%s, %s, batch of %u, %s: %s", layer,
        alexnet_precision_name (conv->precision), conv->n, f->name,
        error->message);
    g_test_fail ();
    return;
  }
  for (guint j = 0; j < plans->len; j++)
    check_reload (f, g_ptr_array_index (plans, j));
  f->n_convs++;
  f->n_plans += plans->len;
}

static void
check_refused_conv (Fixture *f, const AlexnetConv *conv)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *plans = alexnet_conv_plans (&f->cudnn, conv, WORKSPACE, &error);

  g_assert_null (plans);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
}

static void
check_network (Fixture *f, const AlexnetNetwork *network, gboolean refused)
{
  AlexnetPrecision precision = f->test->precision;
  guint sizes[ALEXNET_MAX_BATCHES];
  guint n_sizes = alexnet_get_batches (ALEXNET_MAX_BATCH_SIZE, sizes);
  g_autoptr (GError) error = NULL;
  AlexnetProgram program;
  guint alignment;

  alexnet_program_build (&program, network, &error);
  g_assert_no_error (error);
  alignment = alexnet_slot_alignment (&program.slot, precision);
  for (guint i = 0; i < program.n_ops; i++)
    for (guint j = 0; j < n_sizes; j++) {
      const AlexnetOp *op = &program.ops[i];
      AlexnetConv conv;

      if (op->kind != ALEXNET_OP_CONV)
        continue;
      conv = alexnet_op_get_conv (op, sizes[j], i == 0 ? alignment : 16,
          precision);
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
test_plans (Fixture *f, gconstpointer data)
{
  AlexnetPrecision precision = f->test->precision;
  gboolean lacks = f->capability < 80 &&
      (precision == ALEXNET_PRECISION_BF16 ||
          precision == ALEXNET_PRECISION_TF32);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (alexnet_precision_resolve (&precision, f->capability,
                       f->name, &error),
      ==, !lacks);
  if (lacks) {
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
    g_assert_nonnull (strstr (error->message, f->name));
    g_assert_nonnull (strstr (error->message,
        alexnet_precision_name (precision)));
    g_test_message ("%s", error->message);
  } else {
    g_assert_no_error (error);
  }
  /* cuDNN runs TF32 tensors as FP32 where there is no TF32. */
  if (!lacks || precision == ALEXNET_PRECISION_BF16)
    check_networks (f, lacks);
  g_assert_cmpint (f->n_convs > 0, ==, !lacks || g_test_failed ());
  g_test_message ("%u plans for %u convolutions, each written and read again",
      f->n_plans, f->n_convs);
}

static void
test_skipped (gconstpointer reason)
{
  g_test_skip (reason);
}

static const char *
get_skip_reason (void)
{
  if (cudnnGetVersion () < 90800)
    return "cuDNN is older than 9.8: it plans for devices that are there only";
  if (!g_file_test (CUDA_STUB, G_FILE_TEST_EXISTS))
    return "the toolkit has no stub of libcuda.so";
  return NULL;
}

static void
start_again (char **argv)
{
  g_autofree char *directory = g_dir_make_tmp ("alexnet-stub-XXXXXX", NULL);
  g_autofree char *link = NULL, *path = NULL;
  const char *before = g_getenv ("LD_LIBRARY_PATH");

  g_assert_nonnull (directory);
  link = g_build_filename (directory, "libcuda.so.1", NULL);
  g_assert_cmpint (symlink (CUDA_STUB, link), ==, 0);
  path = g_strjoin (before ? ":" : "", directory, before ? before : "", NULL);
  g_setenv ("LD_LIBRARY_PATH", path, TRUE);
  g_setenv (STUB_VARIABLE, directory, TRUE);
  execv ("/proc/self/exe", argv);
  g_error ("cannot start again: %s", g_strerror (errno));
}

static void
remove_stub (void)
{
  const char *directory = g_getenv (STUB_VARIABLE);
  g_autofree char *link = g_build_filename (directory, "libcuda.so.1", NULL);

  g_unlink (link);
  g_rmdir (directory);
}

static void
add_cases (void)
{
  static const char *const devices[] = { "t4", "a100", "rtx4090", "h200" };
  static const AlexnetPrecision precisions[] = { ALEXNET_PRECISION_FP32,
    ALEXNET_PRECISION_TF32, ALEXNET_PRECISION_FP16, ALEXNET_PRECISION_BF16 };
  static Case cases[G_N_ELEMENTS (devices) * G_N_ELEMENTS (precisions)];

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Case *c = &cases[i];
    g_autofree char *path = NULL;

    c->device = devices[i / G_N_ELEMENTS (precisions)];
    c->precision = precisions[i % G_N_ELEMENTS (precisions)];
    path = g_strdup_printf ("/cudnn-plans/%s/%s", c->device,
        alexnet_precision_name (c->precision));
    g_test_add (path, Fixture, c, set_up, test_plans, tear_down);
  }
}

int
main (int argc, char **argv)
{
  const char *reason = get_skip_reason ();
  int status;

  if (!reason && !g_getenv (STUB_VARIABLE))
    start_again (argv);
  g_test_init (&argc, &argv, NULL);
  if (reason)
    g_test_add_data_func ("/cudnn-plans", reason, test_skipped);
  else
    add_cases ();
  status = g_test_run ();
  if (!reason)
    remove_stub ();
  return status;
}
