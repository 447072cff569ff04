/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a model tells about its weights that is no error. */

#include <glib/gstdio.h>
#include <string.h>

#include "formats/formats.h"
#include "model/model.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/says.h"

static char *dir;

/* The narrow network of torchvision's, with `n_classes`. */
static void
make_network (AlexnetNetwork *network, guint n_classes)
{
  AlexnetLayer *last;
  GError *error = NULL;

  *network = *alexnet_network_find ("torchvision");
  random_model_narrow (network);
  last = (AlexnetLayer *) alexnet_network_last_linear (network);
  last->channels = n_classes;
  alexnet_network_infer_shapes (network, &error);
  g_assert_no_error (error);
  random_model_fill (network);
}

/* The tensors less the bias named `without`. */
static AlexnetTensorSet *
collect (const AlexnetNetwork *network, const char *without)
{
  AlexnetTensorSet *set = alexnet_tensor_set_new ();
  GError *error = NULL;

  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];
    g_autofree char *weight = g_strconcat (layer->name, ".weight", NULL);
    g_autofree char *bias = g_strconcat (layer->name, ".bias", NULL);

    if (!alexnet_tensor_is_bound (&layer->weight))
      continue;
    alexnet_tensor_set_add (set, weight, &layer->weight, NULL, &error);
    g_assert_no_error (error);
    if (g_strcmp0 (bias, without) != 0)
      alexnet_tensor_set_add (set, bias, &layer->bias, NULL, &error);
    g_assert_no_error (error);
  }
  return set;
}

static AlexnetModel *
make_model (guint n_classes, const char *without)
{
  g_autofree char *path = g_build_filename (dir, "notes.safetensors", NULL);
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (AlexnetTensorSet) set = NULL;
  AlexnetNetwork network;
  AlexnetModel *model;
  GError *error = NULL;

  make_network (&network, n_classes);
  set = collect (&network, without);
  alexnet_safetensors_write (set, metadata, path, NULL, &error);
  g_assert_no_error (error);
  random_model_clear (&network);
  model = models_load (path);
  g_unlink (path);
  return model;
}

static void
test_one_class (void)
{
  static const char note[] = "note: one class: ";
  AlexnetModel *one = make_model (1, NULL), *two = make_model (2, NULL);

  assert_says (alexnet_model_get_origin (one), note);
  g_assert_null (strstr (alexnet_model_get_origin (two), note));
  alexnet_model_unref (one);
  alexnet_model_unref (two);
}

/* Counts as zeros, one for each class. */
static void
test_no_bias (void)
{
  AlexnetModel *model = make_model (3, "classifier.6.bias");
  const AlexnetLayer
      *last = alexnet_network_last_linear (alexnet_model_get_network (model));
  float values[3] = { 1, 1, 1 };
  GError *error = NULL;

  assert_says (alexnet_model_get_origin (model),
      "note: no biases, which count as zeros: 'classifier.6.bias'\n");
  g_assert_cmpuint (last->bias.n_dims, ==, 1);
  g_assert_cmpuint (last->bias.dims[0], ==, 3);
  alexnet_tensor_to_float (values, &last->bias, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpfloat (values[i], ==, 0);
  alexnet_model_unref (model);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("alexnet-notes-XXXXXX", NULL);
  g_assert_nonnull (dir);
  g_test_add_func ("/notes/one-class", test_one_class);
  g_test_add_func ("/notes/no-bias", test_no_bias);
  status = g_test_run ();
  g_rmdir (dir);
  g_free (dir);
  return status;
}
