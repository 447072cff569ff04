/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What whole numbers of 8 bits need to know about a network, found by running
 * it in float. The network is cut before each convolution, so that what goes
 * into one can be looked at; what comes behind the last one is not run. */

#include "alexnet.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "backend/caller.h"
#include "backends.h"
#include "model/model.h"
#include "processors.h"
#include "tensor/int8.h"

#define KEY "int8"

typedef struct {
  const AlexnetLayer *layer; /* a convolution; the first stage's may be none */
  float least, most;         /* of its input so far */
  AlexnetNetwork *part;      /* from it to before the next convolution */
  AlexnetPlan *plan;         /* of that part; NULL for the last */
  float *output;
} Stage;

struct _AlexnetCalibration {
  AlexnetModel *model;
  const AlexnetBackend *backend;
  AlexnetTransform *transform;
  float *input;
  GArray *stages; /* Stage */
  guint n_images;
};

static void
stage_clear (gpointer data)
{
  Stage *self = data;

  if (self->plan)
    self->plan->backend->close (self->plan);
  g_free (self->part);
  g_free (self->output);
}

/* The fastest that computes in float, or the one that is always there. */
static const AlexnetBackend *
find_backend (GError **error)
{
  const AlexnetBackend *backend = alexnet_backend_find ("cpu", NULL);

  return backend ? backend : alexnet_backend_find ("reference", error);
}

static AlexnetPlan *
open_plan (const AlexnetCalibration *self, const AlexnetNetwork *network,
    GError **error)
{
  AlexnetPlanParams params = { .precision = ALEXNET_PRECISION_FP32,
    .cpu_threads = alexnet_processors_count (),
    .max_batch_size = 1,
    .n_slots = 1 };

  return self->backend->open (network, &params, error);
}

static guint
find_conv (const AlexnetNetwork *network, guint i)
{
  while (i < network->n_layers &&
      !alexnet_layer_takes_int8 (&network->layers[i]))
    i++;
  return i;
}

/* Layers first .. end - 1. g_free() it. */
static AlexnetNetwork *
cut (const AlexnetNetwork *network, guint first, guint end)
{
  AlexnetNetwork *part = g_memdup2 (network, sizeof *network);

  part->input = network->layers[first].in;
  part->n_layers = end - first;
  memmove (part->layers, part->layers + first,
      part->n_layers * sizeof *part->layers);
  return part;
}

/* From layer `first` to before `end`. */
static gboolean
add_stage (AlexnetCalibration *self, guint first, guint end, GError **error)
{
  const AlexnetNetwork *network = alexnet_model_get_network (self->model);
  Stage stage = { &network->layers[first], INFINITY, -INFINITY,
    cut (network, first, end), NULL, NULL };

  if (end < network->n_layers) {
    stage.plan = open_plan (self, stage.part, error);
    stage.output = g_new (float,
        alexnet_shape_size (alexnet_network_output (stage.part)));
  }
  g_array_append_val (self->stages, stage);
  return stage.plan || end == network->n_layers;
}

static gboolean
add_stages (gpointer data, GError **error)
{
  AlexnetCalibration *self = data;
  const AlexnetNetwork *network = alexnet_model_get_network (self->model);
  guint next;

  for (guint i = 0; i < network->n_layers; i = next) {
    next = find_conv (network, i + 1);
    if (!add_stage (self, i, next, error))
      return FALSE;
  }
  return TRUE;
}

AlexnetCalibration *
alexnet_calibration_new (AlexnetModel *model, GError **error)
{
  AlexnetCalibration *self = g_new0 (AlexnetCalibration, 1);
  const AlexnetNetwork *network = alexnet_model_get_network (model);

  self->model = alexnet_model_ref (model);
  self->transform = alexnet_transform_new ();
  self->input = g_new (float, alexnet_shape_size (&network->input));
  self->stages = g_array_new (FALSE, FALSE, sizeof (Stage));
  g_array_set_clear_func (self->stages, stage_clear);
  self->backend = find_backend (error);
  if (self->backend && alexnet_backend_call_apart (add_stages, self, error))
    return self;
  alexnet_calibration_free (self);
  return NULL;
}

void
alexnet_calibration_free (AlexnetCalibration *self)
{
  if (!self)
    return;
  g_array_unref (self->stages);
  g_free (self->input);
  alexnet_transform_free (self->transform);
  alexnet_model_unref (self->model);
  g_free (self);
}

static void
take_row (gpointer user, guint y, const float *const *channels)
{
  AlexnetCalibration *self = user;
  const AlexnetShape *in = &alexnet_model_get_network (self->model)->input;

  for (gsize c = 0; c < in->channels; c++)
    memcpy (self->input + (c * in->height + y) * in->width, channels[c],
        in->width * sizeof (float));
}

/* FALSE, and the stage as it was, when a value is not finite. */
static gboolean
widen (Stage *stage, const float *values)
{
  gsize n = alexnet_shape_size (&stage->layer->in);
  float least = stage->least, most = stage->most, sum = 0;

  for (gsize i = 0; i < n; i++) {
    least = MIN (least, values[i]);
    most = MAX (most, values[i]);
    sum += values[i] * 0;
  }
  if (sum != 0)
    return FALSE;
  stage->least = least;
  stage->most = most;
  return TRUE;
}

static gboolean
run_stage (Stage *stage, const float *input, GError **error)
{
  AlexnetPlan *plan = stage->plan;

  if (alexnet_layer_takes_int8 (stage->layer) && !widen (stage, input)) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FINITE,
        "what goes into %s is not finite", stage->layer->name);
    return FALSE;
  }
  return !plan ||
      (plan->backend->stage_tensor (plan, 0, input, error) &&
          plan->backend->infer (plan, 0, 1, &stage->output, error));
}

static gboolean
run_stages (gpointer data, GError **error)
{
  AlexnetCalibration *self = data;
  const float *input = self->input;

  for (guint i = 0; i < self->stages->len; i++) {
    Stage *stage = &g_array_index (self->stages, Stage, i);

    if (!run_stage (stage, input, error))
      return FALSE;
    input = stage->output;
  }
  self->n_images++;
  return TRUE;
}

gboolean
alexnet_calibration_add (AlexnetCalibration *self, const AlexnetImage *image,
    GError **error)
{
  if (!alexnet_backend_check_memory (self->backend, image->memory, error) ||
      !alexnet_transform_update (self->transform, image, NULL,
          alexnet_model_get_preprocess (self->model),
          alexnet_model_get_input_channels (self->model),
          alexnet_model_get_input_size (self->model), error))
    return FALSE;
  alexnet_transform_run (self->transform, image, take_row, self);
  return alexnet_backend_call_apart (run_stages, self, error);
}

/* All of it, so that its `not_finite` is set where it has to be. */
static gboolean
read_tensor (const AlexnetTensor *tensor, GError **error)
{
  g_autoptr (AlexnetTensorRows) rows = alexnet_tensor_rows_new (tensor, error);
  gsize n = alexnet_tensor_n_values (tensor) / tensor->dims[0];
  g_autofree float *row = g_new (float, n);
  gboolean ok = rows != NULL;

  for (gsize i = 0; ok && i < tensor->dims[0]; i++)
    ok = alexnet_tensor_rows_read (rows, i, 1, row, error);
  return ok;
}

/* Also of the layers that are not run. */
static gboolean
check_weights (const AlexnetNetwork *network, GError **error)
{
  g_autofree char *name = NULL;

  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (alexnet_tensor_is_bound (&layer->weight) &&
        (!read_tensor (&layer->weight, error) ||
            !read_tensor (&layer->bias, error)))
      return FALSE;
  }
  name = alexnet_network_find_not_finite (network);
  if (name)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FINITE,
        "tensor %s holds NaN or infinity, expected finite numbers", name);
  return !name;
}

/* Of the weights of each filter. */
static gboolean
add_scales (JsonArray *scales, const AlexnetLayer *layer, GError **error)
{
  gsize n = alexnet_tensor_n_values (&layer->weight);
  gsize filter = n / layer->channels;
  g_autofree float *values = g_new (float, n);

  if (!alexnet_tensor_to_float (values, &layer->weight, error))
    return FALSE;
  for (gsize c = 0; c < layer->channels; c++)
    json_array_add_double_element (scales,
        (double) alexnet_int8_scale (values + c * filter, filter));
  return TRUE;
}

static gboolean
describe_stage (JsonObject *object, const Stage *stage, GError **error)
{
  JsonObject *member = json_object_new ();
  JsonArray *range = json_array_new (), *scales = json_array_new ();

  json_array_add_double_element (range, (double) stage->least);
  json_array_add_double_element (range, (double) stage->most);
  json_object_set_array_member (member, "range", range);
  json_object_set_array_member (member, "scales", scales);
  json_object_set_object_member (object, stage->layer->name, member);
  return add_scales (scales, stage->layer, error);
}

/* As model/int8.c reads it. */
static char *
describe (const AlexnetCalibration *self, GError **error)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_node_take_object (root, object);
  for (guint i = 0; i < self->stages->len; i++) {
    const Stage *stage = &g_array_index (self->stages, Stage, i);

    if (alexnet_layer_takes_int8 (stage->layer) &&
        !describe_stage (object, stage, error))
      return NULL;
  }
  return json_to_string (root, FALSE);
}

gboolean
alexnet_calibration_write (const AlexnetCalibration *self, const char *path,
    GError **error)
{
  g_autofree char *int8 = NULL;

  if (self->n_images == 0) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "a calibration needs at least one image");
    return FALSE;
  }
  if (!check_weights (alexnet_model_get_network (self->model), error))
    return FALSE;
  int8 = describe (self, error);
  return int8 &&
      alexnet_model_write (self->model, KEY, int8, path, NULL, error);
}
