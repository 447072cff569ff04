/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a calibration finds, where "reference" is the only backend, against
 * the definition of each layer. */

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "backends.h"
#include "support/data-path.h"
#include "support/definition.h"
#include "model/model.h"
#include "model/table.h"
#include "support/models.h"
#include "support/preprocess-run.h"
#include "support/random-model.h"
#include "support/says.h"
#include "reference/reference.h"

#define N_IMAGES 2

/* As large as rounding a value to float makes it. */
#define TOLERANCE 1e-5f

/* Takes the place of the library's own list. */
const AlexnetBackend *const alexnet_backends[] = { &alexnet_reference_backend,
  NULL };

const char *const *
alexnet_backend_names (void)
{
  static const char *const names[] = { "reference", NULL };

  return names;
}

const AlexnetBackend *
alexnet_backend_find (const char *name, GError **error)
{
  if (g_str_equal (name, "reference"))
    return &alexnet_reference_backend;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "no backend '%s'", name);
  return NULL;
}

/* g_free() the path and remove the file. */
static char *
create_file (void)
{
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  int fd = g_file_open_tmp ("calibrated-XXXXXX.safetensors", &path, &error);

  g_assert_no_error (error);
  close (fd);
  return path;
}

/* The file that a calibration of `model` writes. g_free() the path and remove
 * the file. */
static char *
calibrate (AlexnetModel *model)
{
  char *path = create_file ();

  models_calibrate (model, N_IMAGES, path);
  return path;
}

/* What goes into the network: [N_IMAGES,3,size,size]. */
static float *
make_inputs (AlexnetModel *model)
{
  guint size = alexnet_model_get_input_size (model);
  gsize n = (gsize) 3 * size * size;
  float *inputs = g_new (float, N_IMAGES *n);
  guint8 pixels[MODELS_SIDE * MODELS_SIDE * 3];

  for (guint i = 0; i < N_IMAGES; i++) {
    AlexnetImage image = models_make_image (pixels, i);
    g_auto (Output) output = output_run_once (&image, NULL,
        alexnet_model_get_preprocess (model), size);

    memcpy (inputs + i * n, output.values, n * sizeof (float));
  }
  return inputs;
}

/* values [N_IMAGES,C,H,W] go into `layer`. */
static void
check_range (const AlexnetLayer *layer, const float *values)
{
  float least = values[0], most = values[0];
  gsize n = N_IMAGES * alexnet_shape_size (&layer->in);

  for (gsize i = 0; i < n; i++) {
    least = fminf (least, values[i]);
    most = fmaxf (most, values[i]);
  }
  g_test_message ("%s: %g .. %g, expected %g .. %g", layer->name,
      (double) layer->int8.least, (double) layer->int8.most, (double) least,
      (double) most);
  g_assert_cmpfloat (fabsf (layer->int8.least - least), <=,
      TOLERANCE * (most - least));
  g_assert_cmpfloat (fabsf (layer->int8.most - most), <=,
      TOLERANCE * (most - least));
}

static void
check_ranges (AlexnetModel *model)
{
  const AlexnetNetwork *network = alexnet_model_get_network (model);
  float *values = make_inputs (model);
  guint n_checked = 0;

  for (guint i = 0; n_checked < 5; i++) {
    const AlexnetLayer *layer = &network->layers[i];
    float *next = definition_compute (layer, values, N_IMAGES);

    if (alexnet_layer_takes_int8 (layer)) {
      check_range (layer, values);
      n_checked++;
    } else {
      g_assert_null (layer->int8.scales);
    }
    g_free (values);
    values = next;
  }
  g_free (values);
}

static AlexnetModel *
load (const char *name)
{
  g_autofree char *path = models_path (name);

  return models_load (path);
}

/* Takes the model. */
static void
check_model (AlexnetModel *model)
{
  g_autofree char *calibrated = calibrate (model);

  alexnet_model_unref (model);
  model = models_load (calibrated);
  check_ranges (model);
  alexnet_model_unref (model);
  g_unlink (calibrated);
}

static void
test_ranges (gconstpointer name)
{
  check_model (load (name));
}

/* CaffeNet's order, padded pools, and a layer before the first convolution. */
static void
test_own_table (void)
{
  AlexnetNetwork network = *alexnet_network_find ("caffenet");
  AlexnetModel *model = load ("caffe-narrow.safetensors");
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL, *path = create_file ();

  memmove (network.layers + 1, network.layers,
      network.n_layers++ * sizeof *network.layers);
  network.layers[0] = (AlexnetLayer){ .kind = ALEXNET_LAYER_RELU };
  for (guint i = 0; i < network.n_layers; i++)
    if (network.layers[i].kind == ALEXNET_LAYER_MAXPOOL)
      network.layers[i].end_padding = 1;
  json = alexnet_table_to_json (&network);
  alexnet_model_write (model, "layers", json, path, NULL, &error);
  g_assert_no_error (error);
  alexnet_model_unref (model);
  model = models_load (path);
  g_unlink (path);
  check_model (model);
}

static AlexnetModel *
load_as (const char *path, const char *architecture, const char *mean)
{
  g_autofree char *mean_file = mean ? data_path ("caffe", mean) : NULL;
  AlexnetModelParams params = { .architecture = architecture,
    .mean_file = mean_file };

  return models_load_with (path, &params);
}

/* Of what is calibrated with mean.binaryproto as "caffe"; by what it is then
 * loaded with, what has changed. */
static const struct {
  const char *architecture, *mean, *change;
} changes[] = {
  { NULL, NULL, NULL },
  { "caffe", "mean.binaryproto", NULL },
  { "alexnet-caffe", NULL, NULL },
  { "caffenet", NULL, "another architecture" },
  { NULL, "mean-grey.binaryproto", "another mean" },
};

/* Ranges of other inputs are neither used nor written again. */
static void
test_change (void)
{
  g_autofree char *narrow = models_path ("caffe-narrow.safetensors");
  AlexnetModel *model = load_as (narrow, NULL, "mean.binaryproto");
  g_autofree char *calibrated = calibrate (model), *saved = create_file ();

  alexnet_model_unref (model);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    const char *change = changes[i].change;

    model = load_as (calibrated, changes[i].architecture, changes[i].mean);
    g_assert_true ((change == NULL) ==
        (alexnet_model_get_network (model)->layers[0].int8.scales != NULL));
    g_assert_true (!change ||
        strstr (alexnet_model_get_origin (model), change) != NULL);
    g_assert_true (alexnet_model_save (model, saved, NULL, NULL));
    alexnet_model_unref (model);
    model = models_load (saved);
    g_assert_true ((change == NULL) ==
        (alexnet_model_get_metadata (model, "int8") != NULL));
    alexnet_model_unref (model);
  }
  g_unlink (calibrated);
  g_unlink (saved);
}

/* Of the last convolution or of what is behind it, where nothing is run. */
static const char *const not_finite[] = { "features.10.weight",
  "features.10.bias", "classifier.4.weight", "classifier.6.bias" };

/* Writes the model with NaN in one tensor. */
static void
write_not_finite (const char *tensor, const char *path)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");

  random_model_narrow (&network);
  random_model_fill (&network);
  for (guint i = 0; i < network.n_layers; i++) {
    const AlexnetLayer *layer = &network.layers[i];
    gsize length = layer->name ? strlen (layer->name) : 0;
    const void *values;

    if (length == 0 || strncmp (tensor, layer->name, length) != 0)
      continue;
    values = g_str_equal (tensor + length, ".bias") ? layer->bias.data
                                                    : layer->weight.data;
    alexnet_dtype_to_float (ALEXNET_DTYPE_F32, (float *) values + 3,
        &(float){ NAN }, 1);
  }
  g_assert_true (random_model_write (&network, path, NULL));
  random_model_clear (&network);
}

static void
test_not_finite (gconstpointer tensor)
{
  g_autofree char *from = create_file (), *to = create_file ();
  g_autofree char *kept = NULL;
  g_autoptr (GError) error = NULL;
  AlexnetCalibration *calibration;
  AlexnetModel *model;
  guint8 pixels[MODELS_SIDE * MODELS_SIDE * 3];
  AlexnetImage image = models_make_image (pixels, 0);

  write_not_finite (tensor, from);
  model = models_load (from);
  calibration = alexnet_calibration_new (model, &error);
  g_assert_no_error (error);
  g_assert_true (alexnet_calibration_add (calibration, &image, NULL));
  g_assert_false (alexnet_calibration_write (calibration, to, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FINITE);
  assert_says (error->message, tensor);
  g_assert_true (g_file_get_contents (to, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, "");
  alexnet_calibration_free (calibration);
  alexnet_model_unref (model);
  g_unlink (from);
  g_unlink (to);
}

/* As of a stream: not an address is looked at. */
static void
test_memory (void)
{
  AlexnetModel *model = load ("torchvision-narrow.safetensors");
  AlexnetCalibration *calibration = alexnet_calibration_new (model, NULL);
  guint8 pixels[MODELS_SIDE * MODELS_SIDE * 3];
  AlexnetImage image = models_make_image (pixels, 0);
  g_autofree char *path = create_file ();
  static const int memories[] = { ALEXNET_MEMORY_CUDA, 2, 32, -1 };

  for (guint i = 0; i < G_N_ELEMENTS (memories); i++) {
    g_autoptr (GError) error = NULL;

    image.memory = (AlexnetMemory) memories[i];
    image.planes[0] = NULL;
    g_assert_false (alexnet_calibration_add (calibration, &image, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
    assert_says (error->message, "memory");
  }
  g_assert_false (alexnet_calibration_write (calibration, path, NULL));
  image.memory = ALEXNET_MEMORY_HOST;
  image.planes[0] = pixels;
  g_assert_true (alexnet_calibration_add (calibration, &image, NULL));
  alexnet_calibration_free (calibration);
  alexnet_model_unref (model);
  g_unlink (path);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/calibration/torchvision",
      "torchvision-narrow.safetensors", test_ranges);
  g_test_add_data_func ("/calibration/caffe", "caffe-narrow.safetensors",
      test_ranges);
  g_test_add_data_func ("/calibration/affine", "../onnx/late-batch-norms.onnx",
      test_ranges);
  g_test_add_func ("/calibration/own-table", test_own_table);
  g_test_add_func ("/calibration/change", test_change);
  g_test_add_func ("/calibration/memory", test_memory);
  for (guint i = 0; i < G_N_ELEMENTS (not_finite); i++) {
    g_autofree char *path = g_strconcat ("/calibration/not-finite/",
        not_finite[i], NULL);

    g_test_add_data_func (path, not_finite[i], test_not_finite);
  }
  return g_test_run ();
}
