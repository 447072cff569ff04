/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose means are subtracted: those that the user names, those beside the file,
 * or those that Caffe's networks were trained with. */

#include <glib/gstdio.h>

#include "model/model.h"
#include "support/data-path.h"
#include "support/graph-files.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/remove-tree.h"
#include "support/says.h"

/* Of tests/data/caffe/mean.binaryproto: red, green, blue of 0..255. */
static const float image_means[] = { 123, 117, 104 };
static const float grey_means[] = { 123, 123, 123 }; /* mean-grey.binaryproto */

static char *dir;

static char *
caffe_path (const char *name)
{
  return data_path ("caffe", name);
}

static void
copy (const char *name)
{
  g_autofree char *from = caffe_path (name);
  g_autofree char *to = g_build_filename (dir, name, NULL);
  g_autofree char *bytes = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (from, &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (to, bytes, (gssize) size, NULL));
}

static void
assert_mean (const AlexnetModel *model, const float expected[3])
{
  const AlexnetPreprocess *preprocess = alexnet_model_get_preprocess (model);

  for (guint c = 0; c < 3; c++)
    g_assert_cmpfloat_with_epsilon (preprocess->mean[c] * 255, expected[c],
        0.01f);
}

static void
test_named (void)
{
  g_autofree char *path = caffe_path ("caffenet-deploy.caffemodel");
  g_autofree char *mean = caffe_path ("mean.binaryproto");
  AlexnetModel *model = models_load_with (path,
      &(AlexnetModelParams){ .mean_file = mean });

  assert_mean (model, image_means);
  assert_says (alexnet_model_get_origin (model), mean);
  alexnet_model_unref (model);
}

/* Where there is no way to tell which, Caffe's own means stay. */
static void
test_two_beside (void)
{
  static const float trained[] = { 122.679f, 116.669f, 104.007f };
  g_autofree char *path = caffe_path ("caffenet-deploy.caffemodel");
  AlexnetModel *model = models_load (path);

  assert_mean (model, trained);
  assert_says (alexnet_model_get_origin (model),
      "more than one *mean*.binaryproto: not used");
  alexnet_model_unref (model);
}

static void
test_beside (void)
{
  g_autofree char *path = g_build_filename (dir, "caffenet-deploy.caffemodel",
      NULL);
  AlexnetModel *model;

  copy ("caffenet-deploy.caffemodel");
  copy ("mean.binaryproto");
  model = models_load (path);
  assert_mean (model, image_means);
  alexnet_model_unref (model);
}

static GByteArray *
make_layer (const char *type, const char *bottom, const char *top)
{
  GByteArray *layer = g_byte_array_new ();

  graph_files_put_text (layer, 1, top);
  graph_files_put_text (layer, 2, type);
  graph_files_put_text (layer, 3, bottom);
  graph_files_put_text (layer, 4, top);
  return layer;
}

#define SIDE 64

/* [1,C,64,64] -> [1,2], without a layer that normalises or one of data. */
static GByteArray *
make_plain_net (guint channels)
{
  const guint64 input[] = { 1, channels, SIDE, SIDE };
  const guint64 weights[] = { 2, (guint64) channels * SIDE * SIDE };
  static const float values[2 * 3 * SIDE * SIDE];
  GByteArray *net = g_byte_array_new (), *shape = g_byte_array_new ();
  GByteArray *blob = g_byte_array_new (), *parameters = g_byte_array_new ();
  GByteArray *layer = make_layer ("InnerProduct", "data", "fc");

  graph_files_put_text (net, 1, "plain");
  graph_files_put_text (net, 3, "data");
  for (guint i = 0; i < G_N_ELEMENTS (input); i++)
    graph_files_put_int (net, 4, input[i]);
  for (guint i = 0; i < G_N_ELEMENTS (weights); i++)
    graph_files_put_int (shape, 1, weights[i]);
  graph_files_put_message (blob, 7, shape);
  graph_files_put_bytes (blob, 5, values,
      (gsize) (2 * weights[1] * sizeof *values));
  graph_files_put_int (parameters, 1, 2);
  graph_files_put_int (parameters, 2, 0);
  graph_files_put_message (layer, 117, parameters);
  graph_files_put_message (layer, 7, blob);
  graph_files_put_message (net, 100, layer);
  graph_files_put_message (net, 100, make_layer ("Softmax", "fc", "prob"));
  return net;
}

static AlexnetModel *
load_plain (guint channels)
{
  g_autofree char *path = g_build_filename (dir, "plain.caffemodel", NULL);
  g_autoptr (GByteArray) net = make_plain_net (channels);

  g_assert_true (g_file_set_contents (path, (const char *) net->data,
      (gssize) net->len, NULL));
  return models_load (path);
}

/* What the file says of its pixels is not what their means are, nor what they
 * are cut from. */
static void
test_beside_plain (void)
{
  AlexnetModel *model;

  copy ("mean.binaryproto");
  model = load_plain (3);
  assert_mean (model, image_means);
  g_assert_cmpuint (alexnet_model_get_preprocess (model)->resize_size, ==, 72);
  assert_says (alexnet_model_get_origin (model),
      "note: the file does not say what its 64 pixels are cut from: 72 "
      "assumed, as 256 for 227\n");
  alexnet_model_unref (model);
}

/* Names of tensors alone. */
static AlexnetModel *
load_grey (void)
{
  g_autofree char *path = g_build_filename (dir, "grey.safetensors", NULL);
  AlexnetNetwork network = *alexnet_network_find ("caffe");

  network.input.channels = 1;
  random_model_narrow (&network);
  random_model_fill (&network);
  g_assert_true (random_model_write (&network, path, NULL));
  random_model_clear (&network);
  return models_load (path);
}

/* Networks of luma that are Caffe's by their file or by their layers. */
static void
test_beside_grey (gconstpointer is_plain)
{
  g_autofree char *other = g_build_filename (dir, "mean.binaryproto", NULL);
  g_autofree char *mean = g_build_filename (dir, "mean-grey.binaryproto", NULL);
  AlexnetModel *model;

  g_remove (other);
  copy ("mean-grey.binaryproto");
  model = is_plain ? load_plain (1) : load_grey ();
  g_assert_cmpuint (alexnet_model_get_input_channels (model), ==, 1);
  assert_mean (model, grey_means);
  alexnet_model_unref (model);
  g_remove (mean);
}

/* A saved model has its means, whatever lies beside it, and whichever file
 * they came from. */
static void
test_beside_saved (void)
{
  g_autofree char *path = caffe_path ("alexnet-v1-train.caffemodel");
  g_autofree char *mean = caffe_path ("mean-grey.binaryproto");
  g_autofree char *saved = g_build_filename (dir, "saved.safetensors", NULL);
  AlexnetModel *model = models_load_with (path,
      &(AlexnetModelParams){ .mean_file = mean });
  g_autoptr (GError) error = NULL;

  assert_mean (model, grey_means);
  alexnet_model_save (model, saved, NULL, &error);
  g_assert_no_error (error);
  alexnet_model_unref (model);
  copy ("mean.binaryproto");
  model = models_load (saved);
  assert_mean (model, grey_means);
  alexnet_model_unref (model);
}

static void
test_bad (void)
{
  g_autofree char *path = caffe_path ("caffenet-deploy.caffemodel");
  AlexnetModelParams params = { .mean_file = path };
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_model_load (path, &params, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message, "mean file: ");
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("alexnet-mean-XXXXXX", NULL);
  g_test_add_func ("/mean/named", test_named);
  g_test_add_func ("/mean/two-beside", test_two_beside);
  g_test_add_func ("/mean/beside", test_beside);
  g_test_add_func ("/mean/beside/plain", test_beside_plain);
  g_test_add_data_func ("/mean/beside/grey/file", GINT_TO_POINTER (TRUE),
      test_beside_grey);
  g_test_add_data_func ("/mean/beside/grey/layers", NULL, test_beside_grey);
  g_test_add_func ("/mean/beside/saved", test_beside_saved);
  g_test_add_func ("/mean/bad", test_bad);
  status = g_test_run ();
  remove_tree (dir);
  g_free (dir);
  return status;
}
