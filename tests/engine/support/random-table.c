/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "random-table.h"

#define MAX_TRUNK 7
#define MAX_HEAD 4

/* Of tensors, so that no two layers have the same weights. */
static const char *const names[MAX_TRUNK + MAX_HEAD] = { "a", "b", "c", "d",
  "e", "f", "g", "h", "i", "j", "k" };

static guint
pick (GRand *rand, guint least, guint most)
{
  return (guint) g_rand_int_range (rand, (gint32) least, (gint32) most + 1);
}

static AlexnetLayer
make_conv (GRand *rand, const AlexnetShape *in)
{
  guint kernel = pick (rand, 1, 7), groups = pick (rand, 1, 3);

  if (in->channels % groups != 0)
    groups = 1;
  return (AlexnetLayer){ .kind = ALEXNET_LAYER_CONV,
    .channels = groups * pick (rand, 1, 20),
    .kernel = kernel,
    .stride = pick (rand, 1, 4),
    .padding = pick (rand, 0, kernel),
    .end_padding = pick (rand, 0, kernel),
    .groups = groups };
}

static AlexnetLayer
make_affine (GRand *rand, const AlexnetShape *in)
{
  return (AlexnetLayer){ .kind = ALEXNET_LAYER_CONV,
    .channels = in->channels,
    .kernel = 1,
    .stride = 1,
    .groups = in->channels };
}

static AlexnetLayer
make_maxpool (GRand *rand, const AlexnetShape *in)
{
  guint kernel = pick (rand, 1, 4);

  return (AlexnetLayer){ .kind = ALEXNET_LAYER_MAXPOOL,
    .kernel = kernel,
    .stride = pick (rand, 1, 3),
    .padding = pick (rand, 0, kernel - 1),
    .end_padding = pick (rand, 0, kernel - 1) };
}

static AlexnetLayer
make_lrn (GRand *rand, const AlexnetShape *in)
{
  return (AlexnetLayer){ .kind = ALEXNET_LAYER_LRN,
    .size = 2 * pick (rand, 0, 3) + 1,
    .alpha = (float) g_rand_double_range (rand, 1e-4, 1),
    .beta = pick (rand, 0, 1) ? 0.75f : 0.5f,
    .k = pick (rand, 1, 2) };
}

static AlexnetLayer
make_relu (GRand *rand, const AlexnetShape *in)
{
  return (AlexnetLayer){ .kind = ALEXNET_LAYER_RELU };
}

static AlexnetLayer
make_dropout (GRand *rand, const AlexnetShape *in)
{
  return (AlexnetLayer){ .kind = ALEXNET_LAYER_DROPOUT };
}

static AlexnetLayer
make_linear (GRand *rand, const AlexnetShape *in)
{
  return (AlexnetLayer){ .kind = ALEXNET_LAYER_LINEAR,
    .channels = pick (rand, 1, 40) };
}

typedef AlexnetLayer (*Make) (GRand *rand, const AlexnetShape *in);

/* Adds one of the `n` kinds, where its input is large enough. */
static void
add_layer (AlexnetNetwork *network, GRand *rand, const Make *kinds, guint n)
{
  const AlexnetShape *in = network->n_layers > 0
      ? alexnet_network_output (network)
      : &network->input;
  AlexnetLayer layer = kinds[pick (rand, 0, n - 1)](rand, in);

  layer.name = names[network->n_layers];
  network->layers[network->n_layers++] = layer;
  if (!alexnet_network_infer_shapes (network, NULL))
    network->n_layers--;
}

AlexnetNetwork
random_table_make (guint32 seed)
{
  static const Make trunk[] = { make_conv, make_conv, make_affine,
    make_maxpool, make_lrn, make_relu, make_dropout };
  static const Make head[] = { make_linear, make_relu, make_dropout };
  GRand *rand = g_rand_new_with_seed (seed);
  AlexnetNetwork network = { .architecture = "random",
    .input = { pick (rand, 1, 6), pick (rand, 3, 40), pick (rand, 3, 40) } };

  for (guint n = pick (rand, 1, MAX_TRUNK); n > 0; n--)
    add_layer (&network, rand, trunk, G_N_ELEMENTS (trunk));
  if (pick (rand, 0, 1))
    add_layer (&network, rand, head, 1);
  for (guint n = pick (rand, 0, MAX_HEAD - 1); n > 0; n--)
    add_layer (&network, rand, head, G_N_ELEMENTS (head));
  if (network.n_layers == 0)
    add_layer (&network, rand, head, 1);
  g_rand_free (rand);
  return network;
}

static void
append_layer (GString *s, const AlexnetLayer *layer)
{
  switch (layer->kind) {
    case ALEXNET_LAYER_CONV:
    case ALEXNET_LAYER_MAXPOOL:
      g_string_append_printf (s,
          ", %s %u %ux%u stride %u padding %u %u groups "
          "%u",
          layer->kind == ALEXNET_LAYER_CONV ? "conv" : "pool", layer->channels,
          layer->kernel, layer->kernel, layer->stride, layer->padding,
          layer->end_padding, layer->groups);
      break;
    case ALEXNET_LAYER_LRN:
      g_string_append_printf (s, ", lrn %u", layer->size);
      break;
    case ALEXNET_LAYER_LINEAR:
      g_string_append_printf (s, ", linear %u", layer->channels);
      break;
    case ALEXNET_LAYER_RELU:
      g_string_append (s, ", relu");
      break;
    default:
      g_string_append (s, ", identity");
  }
}

char *
random_table_describe (const AlexnetNetwork *network)
{
  GString *s = g_string_new (NULL);

  g_string_append_printf (s, "[%u,%u,%u]", network->input.channels,
      network->input.height, network->input.width);
  for (guint i = 0; i < network->n_layers; i++)
    append_layer (s, &network->layers[i]);
  return g_string_free (s, FALSE);
}
