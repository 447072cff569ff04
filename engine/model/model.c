/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "model.h"

#include "private.h"

const AlexnetNetwork *
alexnet_model_get_network (const AlexnetModel *model)
{
  return &model->network;
}

const char *
alexnet_model_get_origin (const AlexnetModel *model)
{
  return model->origin->str;
}

const char *
alexnet_model_get_path (const AlexnetModel *model)
{
  return alexnet_file_get_path (model->file);
}

const char *
alexnet_model_get_architecture (const AlexnetModel *model)
{
  return model->network.architecture;
}

guint
alexnet_model_get_n_classes (const AlexnetModel *model)
{
  return alexnet_network_output (&model->network)->channels;
}

guint
alexnet_model_get_n_embedding (const AlexnetModel *model)
{
  const AlexnetLayer *layer = alexnet_network_last_linear (&model->network);

  return layer ? (guint) alexnet_shape_size (&layer->in) : 0;
}

guint
alexnet_model_get_input_size (const AlexnetModel *model)
{
  return model->network.input.width;
}

guint
alexnet_model_get_input_channels (const AlexnetModel *model)
{
  return model->network.input.channels;
}

const char *const *
alexnet_model_get_labels (const AlexnetModel *model)
{
  return (const char *const *) model->labels;
}

const AlexnetPreprocess *
alexnet_model_get_preprocess (const AlexnetModel *model)
{
  return &model->preprocess;
}

const char *
alexnet_model_get_metadata (const AlexnetModel *model, const char *key)
{
  return g_hash_table_lookup (model->source->tensors->metadata, key);
}

char *
alexnet_model_summary (const AlexnetModel *model)
{
  return alexnet_network_summary (&model->network);
}
