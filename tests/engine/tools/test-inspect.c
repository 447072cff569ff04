/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* alexnet-inspect as a user runs it: what it prints and how it exits. */

#include <string.h>
#include <sys/wait.h>

#include "support/cases.h"
#include "support/demonstration.h"
#include "support/glycin.h"
#include "support/remove-tree.h"

#define ANY "\1"

typedef struct {
  const char *name;
  const char *arguments; /* DATA/ and MODELS/ stand for the folders */
  int status;
  const char *out, *err; /* must occur; NULL: must be empty */
} Case;

/* One of ten has control characters, of which one is beyond ASCII. */
static const char odd_labels[] =
    "[\"caf\303\251\\u001b[31m\\nred\\u009b\", \"1\", \"2\", \"3\", \"4\", "
    "\"5\", \"6\", \"7\", \"8\", \"9\"]";

static const Case cases[] = {
  { "help", "--help", 0, "Commands:\n  summary ", NULL },
  { "version", "--version", 0, "alexnet-inspect 0.", NULL },
  { "no-command", "", 2, NULL,
      "a command is missing; see alexnet-inspect --help\n" },
  { "unknown-command", "frobnicate", 2, NULL, "no command 'frobnicate'" },

  { "summary/help", "summary --help", 0, "[MODEL|torchvision|caffe|caffenet]",
      NULL },
  { "summary/torchvision", "summary torchvision", 0,
      "Total params: 61,100,840\n", NULL },
  { "summary/layer", "summary torchvision", 0,
      "            Conv2d-9          [-1, 256, 13, 13]         884,992\n",
      NULL },
  { "summary/caffe", "summary caffe", 0, "Total params: 60,965,224\n", NULL },
  { "summary/caffenet", "summary caffenet", 0,
      " LocalResponseNorm-4           [-1, 96, 27, 27]               0\n",
      NULL },
  { "summary/file", "summary DATA/models/torchvision-narrow.pth", 0,
      "            Conv2d-1            [-1, 4, 55, 55]           1,456\n",
      NULL },
  { "summary/default", "summary", 0, "Total params: 1,606,874\n", NULL },
  { "summary/missing", "summary /no/such/model", 1, NULL,
      "/no/such/model: No such file" },
  { "summary/foreign", "summary DATA/random_model.py", 1, NULL,
      "random_model.py: " },
  { "summary/too-many", "summary a b", 2, NULL,
      "2 arguments, expected at most 1" },
  { "summary/option", "summary --colour", 2, NULL,
      "Unknown option --colour; see alexnet-inspect summary --help\n" },
  { "summary/separator", "summary -- torchvision", 0,
      "Total params: 61,100,840\n", NULL },

  { "check/help", "check --help", 0, "reference or auto (default: auto)",
      NULL },
  { "check/labels", "check MODELS/alexnet-cifar10.safetensors", 0,
      "labels: airplane ... truck\n", NULL },
  { "check/reference",
      "check -b reference DATA/models/caffe-narrow.safetensors", 0,
      "labels: none\ninput: 227x227 BGR, squash from 256, "
      "bilinear-antialias\n",
      NULL },
  { "check/runs", "check -b reference DATA/models/caffe-narrow.safetensors", 0,
      "backend: reference, fp32\n", NULL },
  { "check/origin", "check -b reference DATA/models/caffe-narrow-legacy.pth", 0,
      "layers from: caffe, by the names of its tensors\ntypes: F16\n", NULL },
  { "check/architecture",
      "check -b reference --architecture torchvision "
      "DATA/models/caffe-narrow.pth",
      1, NULL, "architecture is 'torchvision', expected 'caffe'" },
  { "check/part", "check -b reference --part ema DATA/models/caffe-narrow.pth",
      1, NULL, "no network in part 'ema'" },
  { "check/backend", "check -b abacus MODELS/alexnet-cifar10.safetensors", 1,
      ANY, "backend 'abacus'" },
  { "check/precision", "check -p fp7", 2, ANY,
      "no precision 'fp7', expected one of auto, fp32, " },
  { "check/control-characters",
      "check -b reference --labels OUT/labels.json "
      "DATA/models/caffe-narrow.pth",
      0, "labels: caf\303\251\\033[31m\\nred\\302\\233 ... 9\n", NULL },
  { "check/threads", "check -t -1", 2, ANY, "-1 threads" },

  { "classify/help", "classify --help", 0, "--top-k", NULL },
  { "classify/image", "classify -k 2 DATA/cifar10-test-500.png", 0,
      "cifar10-test-500.png: ", NULL },
  { "classify/no-labels",
      "classify -m DATA/models/caffe-narrow.pth DATA/cifar10-test-500.png", 0,
      " % class ", NULL },
  { "classify/control-characters",
      "classify -k 10 --labels OUT/labels.json -m DATA/models/caffe-narrow.pth "
      "DATA/cifar10-test-500.png",
      0, " % caf\303\251\\033[31m\\nred\\302\\233\n", NULL },
  { "classify/control-characters-in-name", "classify a\nb\033c", 1, NULL,
      "a\\nb\\033c: " },
  { "classify/one-bad",
      "classify DATA/random_model.py "
      "DATA/cifar10-test-500.png",
      1, "cifar10-test-500.png: ", "random_model.py: " },
  { "classify/directory", "classify DATA/models", 1, NULL,
      "models: it is a directory, expected a file with an image" },
  { "classify/separator", "classify -k 2 -- -odd.png", 1, NULL,
      "-odd.png: Failed to open" },
  { "classify/missing", "classify /no/such/image.png", 1, NULL,
      "/no/such/image.png: " },
  { "classify/no-image", "classify", 2, NULL, "expected at least 1" },
  { "classify/top-k", "classify -k 0 DATA/cifar10-test-500.png", 2, NULL,
      "top-k is 0" },
  { "classify/model", "classify -m /no/such DATA/cifar10-test-500.png", 1, NULL,
      "/no/such" },

  { "convert/help", "convert --help", 0, "--architecture", NULL },
  { "convert/writes",
      "convert DATA/models/caffe-narrow.pth -o OUT/converted.safetensors", 0,
      "converted.safetensors: all of ", NULL },
  { "convert/check", "check -b reference OUT/converted.safetensors", 0,
      "layers from: caffe, as the file says\n", NULL },
  { "convert/notes",
      "convert DATA/caffe/caffenet-deploy.caffemodel "
      "-o OUT/converted.safetensors",
      0, "converted.safetensors: all of ",
      "more than one *mean*.binaryproto: not used\n" },
  { "convert/output", "convert DATA/models/caffe-narrow.pth", 2, NULL,
      "-o OUT.safetensors says it" },
  { "convert/no-model", "convert -o /dev/null", 2, NULL,
      "0 arguments, expected at least 1" },
  { "convert/labels",
      "convert DATA/models/caffe-narrow.pth --labels DATA/preprocess-rgb.txt "
      "-o /dev/null",
      1, NULL, "expected 10, one for each class" },
  { "convert/unwritable",
      "convert DATA/models/caffe-narrow.pth -o /no/such/file", 1, NULL,
      "cannot write /no/such/file: " },

  { "calibrate/help", "calibrate --help", 0, "--output", NULL },
  { "calibrate/output", "calibrate MODELS/alexnet-cifar10.safetensors a.png", 2,
      NULL, "-o OUT.safetensors says it" },
  { "calibrate/one",
      "calibrate -o OUT/one.safetensors MODELS/alexnet-cifar10.safetensors "
      "DATA/cifar10-test-500.png",
      0, " with what precision int8 needs, from 1 image\n", NULL },
  { "calibrate/image",
      "calibrate -o /dev/null MODELS/alexnet-cifar10.safetensors "
      "/no/such/image.png",
      1, NULL, "/no/such/image.png: " },
  { "calibrate/no-image", "calibrate -o a MODELS/alexnet-cifar10.safetensors",
      2, NULL, "expected at least 2" },
  { "calibrate/unwritable",
      "calibrate -o /no/such/file MODELS/alexnet-cifar10.safetensors "
      "DATA/cifar10-test-500.png",
      1, NULL, "cannot write /no/such/file: " },
#if HAVE_ONEDNN
  { "check/int8", "check -b cpu -p int8 MODELS/alexnet-cifar10.safetensors", 1,
      ANY, "alexnet-inspect calibrate MODEL IMAGES... -o OUT" },
#endif

  { "bench/help", "bench --help", 0, "--batch-sizes", NULL },
  { "bench/narrow",
      "bench -s 1 -n 2 -b reference DATA/models/torchvision-narrow.pth", 0,
      "reference fp32          2 ", NULL },
  { "bench/plans",
      "bench --plans -n 2 -b reference DATA/models/torchvision-narrow.pth", 0,
      "layer        batch  chosen", NULL },
  { "bench/batch", "bench -n 1,x", 2, NULL, "batch size 'x'" },
  { "bench/too-large", "bench -n 513", 2, NULL, "expected 1 to 512" },
  { "bench/seconds", "bench -s 0", 2, NULL, "0 seconds" },
};

static char **
make_argv (const char *arguments)
{
  g_autofree char *all = g_strconcat ("inspect ", arguments, NULL);
  char **argv = g_strsplit (all, " ", -1);
  static const char *const folders[][2] = {
    { "DATA/", "ALEXNET_TEST_DATA" },
    { "MODELS/", "ALEXNET_TEST_MODELS" },
    { "OUT/", "ALEXNET_TEST_OUT" },
  };

  if (arguments[0] == '\0')
    g_clear_pointer (&argv[1], g_free);
  g_free (argv[0]);
  argv[0] = g_strdup (g_getenv ("ALEXNET_INSPECT"));
  for (guint i = 0; argv[i]; i++) {
    for (guint f = 0; f < G_N_ELEMENTS (folders); f++) {
      char *argument = argv[i];

      if (!g_str_has_prefix (argument, folders[f][0]))
        continue;
      argv[i] = g_build_filename (g_getenv (folders[f][1]),
          argument + strlen (folders[f][0]), NULL);
      g_free (argument);
    }
  }
  return argv;
}

static void
assert_text (const char *what, const char *text, const char *expected)
{
  if (!expected)
    g_assert_cmpstr (text, ==, "");
  else if (!g_str_equal (expected, ANY) && !strstr (text, expected))
    g_error ("%s '%s' does not say '%s'", what, text, expected);
}

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text; text++)
    n += *text == '\n';
  return n;
}

static void
test_case (gconstpointer data)
{
  const Case *t = data;
  g_auto (GStrv) argv = make_argv (t->arguments);
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL, *err = NULL;
  int status;

  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err,
      &status, &error);
  g_assert_no_error (error);
  g_test_message ("%s%s", out, err);
  glycin_forget_warning (err);
  g_assert_true (g_spawn_check_wait_status (status, NULL) == (t->status == 0));
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, t->status);
  assert_text ("stdout", out, t->out);
  assert_text ("stderr", err, t->err);
  if (t->err) {
    g_assert_true (g_str_has_prefix (err, "alexnet-inspect: "));
    g_assert_cmpuint (count_lines (err), ==, 1);
  }
}

/* What is lost of standard output is an error. */
static void
test_lost (gconstpointer line)
{
  g_autofree char *command = g_strconcat ("exec \"$0\" ", line, NULL);
  const char *argv[] = { "sh", "-c", command, g_getenv ("ALEXNET_INSPECT"),
    NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *err = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
      NULL, &err, &status, &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 1);
  assert_text ("stderr", err,
      "alexnet-inspect: cannot write to standard output: ");
}

int
main (int argc, char **argv)
{
  g_autofree char *model = NULL, *labels = NULL;
  g_autofree char *out = g_dir_make_tmp ("alexnet-inspect-XXXXXX", NULL);
  int status;

  g_test_init (&argc, &argv, NULL);
  model = demonstration_path ();
  g_setenv ("ALEXNET_MODEL", model, TRUE);
  g_setenv ("ALEXNET_TEST_OUT", out, TRUE);
  labels = g_build_filename (out, "labels.json", NULL);
  g_assert_true (g_file_set_contents (labels, odd_labels, -1, NULL));

  ADD_NAMED_CASES ("/inspect", cases, test_case);
  g_test_add_data_func ("/inspect/full", "summary torchvision >/dev/full",
      test_lost);
  g_test_add_data_func ("/inspect/full/help", "bench --help >/dev/full",
      test_lost);
  g_test_add_data_func ("/inspect/full/version", "--version >/dev/full",
      test_lost);
  g_test_add_data_func ("/inspect/closed", "summary torchvision >&-",
      test_lost);
  status = g_test_run ();
  remove_tree (out);
  return status;
}
