/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loading: every format, what a file says about itself, sharing, search. */

#include <glib/gstdio.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>

#include "model/metadata.h"
#include "model/model.h"
#include "support/cases.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/remove-tree.h"
#include "support/says.h"

#define DEMONSTRATION_MODEL "alexnet-cifar10.safetensors"

static char *dir;

typedef struct {
  const char *file, *architecture;
  guint input_size;
  double tolerance; /* of weights, relative to the largest */
} Format;

static const Format formats[] = {
  { "torchvision-narrow.safetensors", "torchvision", 224, 0 },
  { "torchvision-narrow-f16.safetensors", "torchvision", 224, 0x1p-11 },
  { "torchvision-narrow-bf16.safetensors", "torchvision", 224, 0x1p-8 },
  { "torchvision-narrow-f64.safetensors", "torchvision", 224, 0 },
  /* Half of the last of E5M2's three bits; of E4M3's smallest number, beside a
   * bias of 0.0087. */
  { "torchvision-narrow-f8-e4m3.safetensors", "torchvision", 224, 0x1p-3 },
  { "torchvision-narrow-f8-e5m2.safetensors", "torchvision", 224, 0x1p-3 },
  { "torchvision-narrow-sharded/model.safetensors.index.json", "torchvision",
      224, 0 },
  { "torchvision-narrow.pth", "torchvision", 224, 0 },
  { "torchvision-narrow-legacy.pth", "torchvision", 224, 0x1p-11 },
  { "caffe-narrow.safetensors", "caffe", 227, 0 },
  { "caffe-narrow-f16.safetensors", "caffe", 227, 0x1p-11 },
  { "caffe-narrow-bf16.safetensors", "caffe", 227, 0x1p-8 },
  { "caffe-narrow.pth", "caffe", 227, 0 },
  { "caffe-narrow-legacy.pth", "caffe", 227, 0x1p-11 },
};

static void
compare_weights (const AlexnetTensor *tensor, const AlexnetTensor *expected,
    double tolerance)
{
  gsize n = alexnet_tensor_n_values (expected);
  g_autofree float *values = g_new (float, n);
  const float *reference = expected->data;
  g_autoptr (GError) error = NULL;
  double largest = 0;

  g_assert_cmpuint (alexnet_tensor_n_values (tensor), ==, n);
  alexnet_tensor_to_float (values, tensor, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, fabs ((double) reference[i]));
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat (fabs ((double) values[i] - (double) reference[i]), <=,
        tolerance * largest);
}

/* Every weight against the formula that made the files. */
static void
test_format (gconstpointer data)
{
  const Format *t = data;
  g_autofree char *path = models_path (t->file);
  AlexnetModel *model = models_load (path);
  const AlexnetNetwork *network = alexnet_model_get_network (model);
  AlexnetNetwork expected = *alexnet_network_find (t->architecture);

  g_assert_cmpstr (alexnet_model_get_path (model), ==, path);
  g_assert_cmpstr (alexnet_model_get_architecture (model), ==, t->architecture);
  g_assert_cmpuint (alexnet_model_get_n_classes (model), ==, 10);
  g_assert_cmpuint (alexnet_model_get_input_size (model), ==, t->input_size);

  random_model_narrow (&expected);
  random_model_fill (&expected);
  for (guint i = 0; i < expected.n_layers; i++) {
    const AlexnetLayer *layer = &expected.layers[i];

    if (!layer->weight.data)
      continue;
    compare_weights (&network->layers[i].weight, &layer->weight, t->tolerance);
    compare_weights (&network->layers[i].bias, &layer->bias, t->tolerance);
  }
  random_model_clear (&expected);
  alexnet_model_unref (model);
}

static void
assert_preprocess (const AlexnetModel *model, AlexnetCropMode mode,
    guint resize, AlexnetChannelOrder order, const float *mean,
    const float *std)
{
  const AlexnetPreprocess *p = alexnet_model_get_preprocess (model);

  g_assert_cmpint (p->crop_mode, ==, mode);
  g_assert_cmpuint (p->resize_size, ==, resize);
  g_assert_cmpint (p->channel_order, ==, order);
  for (guint c = 0; c < 3; c++) {
    g_assert_cmpfloat_with_epsilon (p->mean[c], mean[c], 1e-6);
    g_assert_cmpfloat_with_epsilon (p->std[c], std[c], 1e-6);
  }
}

static void
test_defaults (void)
{
  g_autofree char *a = models_path ("torchvision-narrow.pth");
  g_autofree char *b = models_path ("caffe-narrow.pth");
  AlexnetModel *torchvision = models_load (a), *caffe = models_load (b);

  assert_preprocess (torchvision, ALEXNET_CROP_CENTER, 256,
      ALEXNET_CHANNELS_RGB, (float[]){ 0.485f, 0.456f, 0.406f },
      (float[]){ 0.229f, 0.224f, 0.225f });
  g_assert_cmpint (alexnet_model_get_preprocess (torchvision)->interpolation,
      ==, ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS);
  assert_preprocess (caffe, ALEXNET_CROP_SQUASH, 256, ALEXNET_CHANNELS_BGR,
      (float[]){ 122.679f / 255, 116.669f / 255, 104.007f / 255 },
      (float[]){ 1 / 255.0f, 1 / 255.0f, 1 / 255.0f });
  g_assert_null (alexnet_model_get_labels (caffe));
  g_assert_null (alexnet_model_get_metadata (caffe, "source"));
  alexnet_model_unref (torchvision);
  alexnet_model_unref (caffe);
}

/* What Caffe trained is known by its layers, whatever its table is called. */
static void
test_own_table (void)
{
  g_autoptr (GHashTable) none = g_hash_table_new (g_str_hash, g_str_equal);
  AlexnetNetwork network = *alexnet_network_find ("caffe");
  AlexnetPreprocess preprocess;
  AlexnetPreprocessSaid said;

  network.architecture = "custom";
  g_assert_true (alexnet_metadata_read_preprocess (none, &network, &preprocess,
      &said, NULL));
  g_assert_cmpint (preprocess.channel_order, ==, ALEXNET_CHANNELS_BGR);
  g_assert_cmpint (preprocess.crop_mode, ==, ALEXNET_CROP_SQUASH);
}

static void
test_metadata (void)
{
  g_autofree char *path = models_path ("caffe-narrow-f16.safetensors");
  AlexnetModel *model = models_load (path);
  const char *const *labels = alexnet_model_get_labels (model);

  assert_preprocess (model, ALEXNET_CROP_LETTERBOX, 256, ALEXNET_CHANNELS_RGB,
      (float[]){ 0.5f, 0.25f, 0.125f }, (float[]){ 0.5f, 1, 2 });
  g_assert_cmpuint (g_strv_length ((char **) labels), ==, 10);
  g_assert_cmpstr (labels[9], ==, "class 9");
  g_assert_cmpstr (alexnet_model_get_metadata (model, "source"), ==, "random");
  alexnet_model_unref (model);
}

/* The metadata of a narrow file replaced by `text`. */
static AlexnetModel *
load_with_metadata (const char *text, GError **error)
{
  g_autofree char *path = models_path ("torchvision-narrow.safetensors");
  g_autofree char *data = NULL;
  g_autofree char *added = g_strconcat ("{\"__metadata__\":{", text, "},",
      NULL);
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  guint64 length;
  gsize size;

  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  memcpy (&length, data, 8);
  length = GUINT64_TO_LE (GUINT64_FROM_LE (length) + strlen (added) - 1);
  g_byte_array_append (file, (const guint8 *) &length, 8);
  g_byte_array_append (file, (const guint8 *) added, (guint) strlen (added));
  g_byte_array_append (file, (const guint8 *) data + 9, (guint) size - 9);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&file));
  return alexnet_model_new_from_bytes (bytes, "file", NULL, error);
}

typedef struct {
  const char *text;
  const char *message; /* NULL: is accepted */
} Metadata;

#define PREPROCESS(text) "\"preprocess\":\"{" text "}\""

#define INT8(range, scales)                              \
  "\"int8\":\"{\\\"features.0\\\":{\\\"range\\\":" range \
  ",\\\"scales\\\":" scales "}}\""

static const Metadata metadata[] = {
  { "", NULL },
  { "\"unknown\":\"is ignored\"", NULL },
  { "\"architecture\":\"torchvision\"", NULL },
  { "\"architecture\":\"alexnet-torchvision\"", NULL },
  { "\"architecture\":\"caffe\"",
      "architecture is 'caffe', expected 'torchvision'" },
  { "\"architecture\":\"vgg16\"", "is 'vgg16', expected 'torchvision'" },
  { "\"labels\":\"[\\\"a\\\",\\\"b\\\"]\"", "2 labels, expected 10" },
  { "\"labels\":\"[0,1,2,3,4,5,6,7,8,9]\"", "label 0 is not a string" },
  { "\"labels\":\"{}\"", "expected a JSON array" },
  { "\"labels\":\"[\"", "__metadata__ labels is not JSON" },
  { "\"labels\":\"\"",
      "__metadata__ labels is not JSON: byte 0: expected a value" },
  { "\"int8\":\"[]\"", "__metadata__ int8: expected a JSON object" },
  { "\"int8\":\"{\"", "__metadata__ int8 is not JSON" },
  { "\"int8\":\"{}\"", "__metadata__ int8 has no object 'features.0'" },
  { INT8 ("[1,0]", "[1,1,1,1]"), "features.0: range is not two ascending" },
  { INT8 ("[0]", "[1,1,1,1]"), "features.0: range is not two ascending" },
  { INT8 ("[0,1e99]", "[1,1,1,1]"), "features.0: range is not two ascending" },
  { INT8 ("[0,1]", "[1,1,1]"), "features.0: scales are not 4 numbers" },
  { INT8 ("[0,1]", "[1,1,1,-1]"), "features.0: scales are not 4 numbers" },
  { INT8 ("[0,1]", "[1,1,1,null]"), "features.0: scales are not 4 numbers" },
  { INT8 ("[0,1]", "[1,0,1,1]"), "int8 has no object 'features.3'" },
  { "\"preprocess\":\"[]\"", "expected a JSON object" },
  { PREPROCESS (""), NULL },
  { PREPROCESS ("\\\"resize\\\":300"), NULL },
  { PREPROCESS ("\\\"resize\\\":0"), "resize is '0', expected a whole number" },
  { PREPROCESS ("\\\"resize\\\":1e9"), "expected a whole number of 1 to 8192" },
  { PREPROCESS ("\\\"resize\\\":\\\"256\\\""), "expected a whole number" },
  { PREPROCESS ("\\\"crop\\\":224"), NULL },
  { PREPROCESS ("\\\"crop\\\":227"),
      "crop is '227', expected the network's input size 224" },
  { PREPROCESS ("\\\"crop_mode\\\":\\\"squash\\\""), NULL },
  { PREPROCESS ("\\\"crop_mode\\\":\\\"model\\\""),
      "expected center-crop, squash, stretch or letterbox" },
  { PREPROCESS ("\\\"crop_mode\\\":1"),
      "crop_mode is '1', expected center-crop, squash, stretch or letterbox" },
  { PREPROCESS ("\\\"mean\\\":[0,0.5,1]"), NULL },
  { PREPROCESS ("\\\"mean\\\":[0,0.5]"), "expected three numbers" },
  { PREPROCESS ("\\\"mean\\\":0.5"), "mean is '0.5', expected three numbers" },
  { PREPROCESS ("\\\"mean\\\":[0,0,1e99]"), "expected three numbers" },
  { PREPROCESS ("\\\"std\\\":[1,0,1]"), "expected three numbers above 0" },
  { PREPROCESS ("\\\"std\\\":[1,-1,1]"), "expected three numbers above 0" },
  { PREPROCESS ("\\\"interpolation\\\":\\\"bilinear\\\""), NULL },
  { PREPROCESS ("\\\"interpolation\\\":\\\"bicubic\\\""),
      "expected bilinear-antialias or bilinear" },
  { PREPROCESS ("\\\"interpolation\\\":\\\"model\\\""),
      "expected bilinear-antialias or bilinear" },
  { PREPROCESS ("\\\"channels\\\":\\\"BGR\\\""), NULL },
  { PREPROCESS ("\\\"channels\\\":\\\"GRB\\\""), "expected RGB or BGR" },
  { PREPROCESS ("\\\"gamma\\\":2"), "unknown key 'gamma'" },
};

static void
test_metadata_case (gconstpointer data)
{
  const Metadata *t = data;
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = load_with_metadata (t->text, &error);

  if (t->message) {
    g_assert_null (model);
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
    g_test_message ("%s", error->message);
    assert_says (error->message, t->message);
    return;
  }
  g_assert_no_error (error);
  alexnet_model_unref (model);
}

static void
test_metadata_is_used (void)
{
  AlexnetModel *model = load_with_metadata (
      PREPROCESS ("\\\"resize\\\":300,\\\"channels\\\":\\\"BGR\\\","
                  "\\\"interpolation\\\":\\\"bilinear\\\","
                  "\\\"crop_mode\\\":\\\"letterbox\\\","
                  "\\\"mean\\\":[1,2,3]"),
      NULL);

  g_assert_nonnull (model);
  assert_preprocess (model, ALEXNET_CROP_LETTERBOX, 300, ALEXNET_CHANNELS_BGR,
      (float[]){ 1, 2, 3 }, (float[]){ 0.229f, 0.224f, 0.225f });
  g_assert_cmpint (alexnet_model_get_preprocess (model)->interpolation, ==,
      ALEXNET_INTERPOLATION_BILINEAR);
  alexnet_model_unref (model);
}

/* A model of 1000 classes gets ImageNet's labels. */
static void
test_imagenet_labels (void)
{
  g_autofree char *path = g_build_filename (dir, "wide.safetensors", NULL);
  AlexnetNetwork network = *alexnet_network_find ("torchvision");
  AlexnetModel *model;

  random_model_narrow (&network);
  network.layers[network.n_layers - 2].channels = 1000;
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  random_model_fill (&network);
  g_assert_true (random_model_write (&network, path, NULL));
  random_model_clear (&network);

  model = models_load (path);
  g_assert_cmpuint (alexnet_model_get_n_classes (model), ==, 1000);
  g_assert_cmpstr (alexnet_model_get_labels (model)[0], ==, "tench");
  alexnet_model_unref (model);
  g_remove (path);
}

static void
copy_file (const char *from, const char *to)
{
  g_autofree char *data = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (from, &data, &size, NULL));
  g_assert_true (g_file_set_contents (to, data, (gssize) size, NULL));
}

static void
test_sharing (void)
{
  g_autofree char *original = models_path ("caffe-narrow.safetensors");
  g_autofree char *path = g_build_filename (dir, "a.safetensors", NULL);
  g_autofree char *other = g_build_filename (dir, "b.safetensors", NULL);
  struct utimbuf long_ago = { 1000, 1000 };
  AlexnetModel *a, *b, *c;

  copy_file (original, path);
  g_assert_cmpint (symlink (path, other), ==, 0);
  a = models_load (path);
  b = models_load (other);
  g_assert_true (a == b);
  g_assert_true (alexnet_model_ref (a) == a);
  alexnet_model_unref (b);
  alexnet_model_unref (a);

  g_assert_cmpint (utime (path, &long_ago), ==, 0);
  c = models_load (path);
  g_assert_true (a != c);
  alexnet_model_unref (a);
  alexnet_model_unref (c);
  alexnet_model_unref (NULL);
  g_remove (other);
  g_remove (path);
}

#define N_THREADS 4
#define N_LOADS 200

static void *
load_often (void *path)
{
  for (guint i = 0; i < N_LOADS; i++) {
    AlexnetModel *model = models_load (path);

    g_assert_cmpuint (alexnet_model_get_n_classes (model), ==, 10);
    alexnet_model_unref (model);
  }
  return NULL;
}

/* Last references go while others come; for the sanitizers. */
static void
test_threads (void)
{
  g_autofree char *path = models_path ("caffe-narrow.pth");
  pthread_t threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, load_often, path), ==,
        0);
  for (guint i = 0; i < N_THREADS; i++)
    pthread_join (threads[i], NULL);
}

static void
test_missing (gconstpointer path)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_model_load (path, NULL, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND);
  assert_says (error->message, path);
}

static void
expect_default (const char *path, const char *const *problems)
{
  g_auto (GStrv) found = NULL;
  GError *error = NULL;
  AlexnetModel *model = alexnet_model_load_default (NULL, &found, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (alexnet_model_get_path (model), ==, path);
  alexnet_model_unref (model);
  g_assert_cmpuint (g_strv_length (found), ==,
      g_strv_length ((char **) problems));
  for (guint i = 0; problems[i]; i++)
    assert_says (found[i], problems[i]);
}

/* Puts a file at dir/SUBDIR/NAME, and leaves it. */
static char *
put_file (const char *original, const char *subdir, const char *name)
{
  g_autofree char *source = models_path (original);
  g_autofree char *parent = g_build_filename (dir, subdir, NULL);
  char *path = g_build_filename (parent, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  copy_file (source, path);
  return path;
}

/* From the last place that is searched to the first. */
static void
test_search (void)
{
  static const struct {
    const char *subdir, *name;
  } places[] = {
    { "uninstalled", DEMONSTRATION_MODEL },
    { "system/alexnet", "b.caffemodel" }, /* found by its content */
    { "system/alexnet", "b.pth.tar" },
    { "system/alexnet", "b.pth" },
    { "system/alexnet", "a.pth" },
    { "system/alexnet", "c.safetensors" },
    { "user/alexnet", "z.ckpt" },
  };
  const char *none[] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
    g_autofree char *path = put_file ("caffe-narrow.pth", places[i].subdir,
        places[i].name);

    if (i == 0) {
      g_autofree char *demonstrations = g_path_get_dirname (path);

      g_setenv ("ALEXNET_DATA_DIR", demonstrations, TRUE);
      g_assert_true (alexnet_model_is_demonstration (path));
    }
    expect_default (path, none);
  }
}

/* What cannot be used is said, and the next one is taken. */
static void
test_search_problems (void)
{
  g_autofree char *good = put_file ("caffe-narrow.pth", "user/alexnet",
      "z.ckpt");
  g_autofree char *broken = put_file ("../preprocess-rgb.txt", "user/alexnet",
      "a.safetensors");
  g_autofree char *strange = put_file ("../preprocess-rgb.txt", "user/alexnet",
      "weights.h5");
  g_autofree char *labels = put_file ("../preprocess-rgb.txt", "user/alexnet",
      "labels.txt");
  const char *one[] = { broken, NULL },
             *two[] = { broken, good, strange, NULL };
  g_autofree char *place = g_path_get_dirname (good);
  const char *none[] = { NULL }, *unreadable[] = { place, NULL };
  g_autofree char *system = g_build_filename (dir, "system", "alexnet",
      "c.safetensors", NULL);

  expect_default (good, one);
  g_free (put_file ("../preprocess-rgb.txt", "user/alexnet", "z.ckpt"));
  expect_default (system, two);
  g_remove (good);
  g_remove (broken);
  g_remove (strange);
  g_remove (labels);

  /* A directory that is not there is no problem, one that is none is. */
  g_assert_cmpint (g_rmdir (place), ==, 0);
  expect_default (system, none);
  g_assert_true (g_file_set_contents (place, "", 0, NULL));
  expect_default (system, unreadable);
  g_remove (place);
}

static void
test_search_named (void)
{
  g_auto (GStrv) problems = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("ALEXNET_MODEL", "/named/model", TRUE);
  g_assert_null (alexnet_model_load_default (NULL, &problems, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND);
  assert_says (error->message, "/named/model");
  g_assert_cmpuint (g_strv_length (problems), ==, 0);
  g_unsetenv ("ALEXNET_MODEL");
}

static void
test_search_nothing (void)
{
  g_autoptr (GError) error = NULL;
  AlexnetModel *model;

  g_setenv ("ALEXNET_DATA_DIR", "/nowhere", TRUE);
  model = alexnet_model_load_default (NULL, NULL, &error);
  if (model) {
    alexnet_model_unref (model);
    g_test_skip ("a demonstration model is installed where this build looks");
    return;
  }
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND);
  g_test_message ("%s", error->message);
  assert_says (error->message, "$ALEXNET_MODEL");
  assert_says (error->message, "user/alexnet");
  assert_says (error->message, "system/alexnet");
  assert_says (error->message, "/nowhere");
}

/* Before GLib has looked at them. */
static void
point_data_dirs_into_dir (void)
{
  g_autofree char *user = NULL, *system = NULL;

  dir = g_dir_make_tmp ("alexnet-model-XXXXXX", NULL);
  g_assert_nonnull (dir);
  user = g_build_filename (dir, "user", NULL);
  system = g_build_filename (dir, "system", NULL);
  g_setenv ("XDG_DATA_HOME", user, TRUE);
  g_setenv ("XDG_DATA_DIRS", system, TRUE);
  g_unsetenv ("ALEXNET_MODEL");
}

int
main (int argc, char **argv)
{
  int status;

  point_data_dirs_into_dir ();
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autofree char *path = g_strconcat ("/model/format/", formats[i].file,
        NULL);

    g_test_add_data_func (path, &formats[i], test_format);
  }
  g_test_add_func ("/model/defaults", test_defaults);
  g_test_add_func ("/model/own-table", test_own_table);
  g_test_add_func ("/model/metadata", test_metadata);
  g_test_add_func ("/model/metadata-is-used", test_metadata_is_used);
  ADD_CASES ("/model/metadata", metadata, test_metadata_case);
  g_test_add_func ("/model/imagenet-labels", test_imagenet_labels);
  g_test_add_func ("/model/sharing", test_sharing);
  g_test_add_func ("/model/threads", test_threads);
  g_test_add_data_func ("/model/missing", "/no/such/model", test_missing);
  g_test_add_data_func ("/model/directory", "/", test_missing);
  g_test_add_func ("/model/search-nothing", test_search_nothing);
  g_test_add_func ("/model/search", test_search);
  g_test_add_func ("/model/search-problems", test_search_problems);
  g_test_add_func ("/model/search-named", test_search_named);
  status = g_test_run ();
  remove_tree (dir);
  g_free (dir);
  return status;
}
