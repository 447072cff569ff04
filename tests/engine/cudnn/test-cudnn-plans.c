/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Has cuDNN itself build every plan of the networks and of the demonstration
 * model, in each precision and for each batch size that gets a graph, for GPUs
 * that are not there, with the module's own code; and write and read plans as
 * JSON, all of one device and the first of each list of others. The devices are
 * those of tests/data/devices.json, and how many plans each version of cuDNN
 * has for them stands in tests/data/plans.txt.
 *
 * cuDNN gives empty lists when nothing answers as libcuda.so.1. The toolkit's
 * stub does, in a private folder on the library path of this process alone:
 * that is why the program starts itself again. */

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cudnn/plan.h"
#include "cudnn/precision.h"
#include "model/model.h"
#include "support/models.h"

#define WORKSPACE (64 << 20)

/* Of which all plans are written and read, which takes as long as to have them
 * built. */
#define RELOADED "h200"

/* Set in the second process: the folder to remove in the end. */
#define STUB_VARIABLE "ALEXNET_TEST_STUB_DIR"

static const AlexnetPrecision precisions[] = { ALEXNET_PRECISION_FP32,
  ALEXNET_PRECISION_TF32, ALEXNET_PRECISION_FP16, ALEXNET_PRECISION_BF16,
  ALEXNET_PRECISION_AUTO };

/* A field of plans.txt, whose rows are version of cuDNN, device, and one of
 * these for each of the precisions. */
typedef struct {
  const char *device; /* member of devices.json */
  guint precision;    /* index of precisions */
  char result[16];    /* number of plans, "-" for none; what AUTO becomes */
} Case;

static Case *cases;
static guint n_cases;

typedef struct {
  Case *test;
  AlexnetPrecision precision;
  AlexnetCudnn cudnn;
  char *name;
  guint capability;
  guint n_convs, n_plans, n_refused, n_reloaded;
  GHashTable *checked; /* what networks share need be planned once */
} Fixture;

static char *
read_data (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("ALEXNET_TEST_DATA"),
      name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static JsonNode *
read_devices (void)
{
  g_autofree char *json = read_data ("devices.json");
  g_autoptr (GError) error = NULL;
  JsonNode *devices = json_from_string (json, &error);

  g_assert_no_error (error);
  return devices;
}

static void
set_member (JsonObject *object, const char *name, JsonNode *value,
    gpointer profile)
{
  json_object_set_member (profile, name, json_node_copy (value));
}

/* What all have in common, and what is the device's own. */
static JsonNode *
make_profile (const char *device)
{
  g_autoptr (JsonNode) devices = read_devices ();
  JsonObject *object = json_node_get_object (devices);
  JsonObject *profile = json_object_new ();
  JsonNode *node = json_node_init_object (json_node_alloc (), profile);

  json_object_foreach_member (json_object_get_object_member (object, "all"),
      set_member, profile);
  json_object_foreach_member (json_object_get_object_member (object, device),
      set_member, profile);
  json_object_unref (profile);
  return node;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  Case *test = (Case *) data;
  g_autoptr (JsonNode) profile = make_profile (test->device);
  g_autofree char *json = json_to_string (profile, FALSE);
  g_autoptr (GError) error = NULL;
  JsonObject *object = json_node_get_object (profile);

  f->test = test;
  f->precision = precisions[test->precision];
  f->checked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
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
  f->n_reloaded++;
}

static void
check_conv (Fixture *f, const AlexnetProgram *program, guint i,
    const AlexnetConv *conv)
{
  g_autofree char *layer = alexnet_op_get_name (program, i);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray)
      plans = alexnet_conv_plans (&f->cudnn, conv, WORKSPACE, &error);
  gboolean all = g_str_equal (f->test->device, RELOADED);

  if (!plans) {
    g_test_message ("%s, %s, batch of %u, %s: %s", layer,
        alexnet_precision_name (conv->precision), conv->n, f->name,
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
  GPtrArray *plans = alexnet_conv_plans (&f->cudnn, conv, WORKSPACE, &error);

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

static char *
get_version (void)
{
  gsize version = cudnnGetVersion ();

  return g_strdup_printf ("%zu.%zu.%zu", version / 10000, version / 100 % 100,
      version % 100);
}

/* What is recorded for this version of cuDNN; NULL when nothing is. */
static char *
get_recorded (const Case *test)
{
  g_autofree char *version = get_version (), *text = read_data ("plans.txt");
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i]; i++) {
    char found[16], device[16], field[G_N_ELEMENTS (precisions)][16];

    if (sscanf (lines[i], "%15s %15s %15s %15s %15s %15s %15s", found, device,
            field[0], field[1], field[2], field[3], field[4]) == 7 &&
        g_str_equal (found, version) && g_str_equal (device, test->device))
      return g_strdup (field[test->precision]);
  }
  return NULL;
}

static void
check_result (const Case *test)
{
  g_autofree char *recorded = get_recorded (test), *version = get_version ();

  if (recorded)
    g_assert_cmpstr (test->result, ==, recorded);
  else
    g_test_message ("plans.txt has nothing of cuDNN %s for %s", version,
        test->device);
}

/* A device that this version of cuDNN does not know gets no plan at all. */
static gboolean
skip_unknown (const Fixture *f)
{
  g_autofree char *recorded = get_recorded (f->test), *version = get_version ();
  g_autofree char *reason = g_strdup_printf ("cuDNN %s has no plan for %s",
      version, f->name);

  if (f->n_convs > 0 || f->n_refused == 0 || recorded)
    return FALSE;
  g_test_skip (reason);
  return TRUE;
}

static void
test_plans (Fixture *f, gconstpointer data)
{
  AlexnetPrecision precision = f->precision;
  gboolean lacks = f->capability < 80 &&
      (precision == ALEXNET_PRECISION_BF16 ||
          precision == ALEXNET_PRECISION_TF32);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (alexnet_precision_resolve (&precision, &f->cudnn,
                       alexnet_networks ()[0], f->capability, f->name, &error),
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

    alexnet_precision_resolve (&precision, &f->cudnn, alexnet_networks ()[i],
        f->capability, f->name, &error);
    g_assert_no_error (error);
    if (i > 0)
      g_assert_cmpstr (f->test->result, ==, alexnet_precision_name (precision));
    g_strlcpy (f->test->result, alexnet_precision_name (precision),
        sizeof f->test->result);
  }
  check_result (f->test);
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
add_cases (const JsonNode *devices)
{
  g_autoptr (GList)
      names = json_object_get_members (json_node_get_object ((JsonNode *)
              devices));
  guint n = G_N_ELEMENTS (precisions);

  cases = g_new0 (Case, n * g_list_length (names));
  for (GList *l = names; l; l = l->next)
    for (guint i = 0; i < n && !g_str_equal (l->data, "all"); i++) {
      Case *c = &cases[n_cases++];
      g_autofree char *path = g_strdup_printf ("/cudnn-plans/%s/%s",
          (const char *) l->data, alexnet_precision_name (precisions[i]));

      *c = (Case){ l->data, i, "-" };
      g_test_add (path, Fixture, c, set_up,
          precisions[i] == ALEXNET_PRECISION_AUTO ? test_auto : test_plans,
          tear_down);
    }
}

/* The rows of plans.txt, of what was run. */
static void
print_results (void)
{
  g_autofree char *version = get_version ();
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
  const char *reason = get_skip_reason ();
  g_autoptr (JsonNode) devices = NULL;
  int status;

  if (!reason && !g_getenv (STUB_VARIABLE))
    start_again (argv);
  g_test_init (&argc, &argv, NULL);
  if (reason)
    g_test_add_data_func ("/cudnn-plans", reason, test_skipped);
  else
    add_cases (devices = read_devices ());
  status = g_test_run ();
  print_results ();
  if (!reason)
    remove_stub ();
  return status;
}
