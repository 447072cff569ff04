/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-model.h"

#include <string.h>

#include "model/model.h"

static void
check_error (const GError *error)
{
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_true (g_str_has_prefix (error->message, "fuzz: "));
  g_assert_null (strpbrk (error->message, "\n\r"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
read_tensor (const AlexnetTensor *tensor)
{
  gsize n = alexnet_tensor_n_values (tensor);
  g_autofree float *values = g_new (float, n);
  g_autoptr (GError) error = NULL;

  alexnet_tensor_to_float (values, tensor, &error);
  g_assert_no_error (error);
}

static void
read_model (const AlexnetModel *model)
{
  const AlexnetNetwork *network = alexnet_model_get_network (model);
  const char *const *labels = alexnet_model_get_labels (model);
  g_autofree char *summary = alexnet_model_summary (model);

  for (guint i = 0; i < network->n_layers; i++) {
    if (!alexnet_tensor_is_bound (&network->layers[i].weight))
      continue;
    read_tensor (&network->layers[i].weight);
    read_tensor (&network->layers[i].bias);
  }
  g_assert_cmpuint (strlen (summary), >, 0);
  if (labels)
    g_assert_cmpuint (g_strv_length ((char **) labels), ==,
        alexnet_model_get_n_classes (model));
  for (guint i = 0; labels && labels[i]; i++)
    g_assert_true (g_utf8_validate (labels[i], -1, NULL));
}

gboolean
fuzz_model (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = alexnet_model_new_from_bytes (bytes, "fuzz", NULL,
      &error);

  if (!model) {
    check_error (error);
    return FALSE;
  }
  g_assert_no_error (error);
  read_model (model);
  alexnet_model_unref (model);
  return TRUE;
}
