/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where each number of a tensor lies in a slot of the ring: blocks of pixels as
 * channels of one pixel, in each layout and type, with zeros beside the image,
 * also where another image was before. */

#include <math.h>

#include "onednn/plan/input.h"
#include "small-floats.h"

#define N_SLOTS 2
#define LEAST -4.f
#define MOST 3.f

static const dnnl_format_tag_t tags[] = { dnnl_nchw, dnnl_nhwc, dnnl_nChw8c,
  dnnl_nChw16c };

typedef struct {
  guint channels, height, width, kernel, stride, padding, end_padding;
} Case;

static const Case cases[] = {
  { 3, 35, 35, 11, 4, 2, 2 }, /* torchvision's */
  { 3, 31, 31, 11, 4, 0, 0 }, /* Caffe's */
  { 1, 20, 23, 5, 4, 2, 0 },
  { 4, 19, 18, 8, 4, 5, 5 }, /* a row of blocks above it */
  { 3, 30, 22, 4, 4, 0, 0 }, /* what no window reaches */
  { 3, 13, 14, 3, 2, 1, 1 },
  { 2, 41, 40, 8, 8, 3, 4 },
  { 5, 9, 8, 3, 2, 1, 1 },
  { 3, 9, 8, 3, 1, 1, 1 },
  { 3, 20, 20, 6, 3, 1, 1 },
};

static void
fill_context (OnednnContext *context, const Case *c, dnnl_data_type_t type)
{
  GError *error = NULL;

  *context = (OnednnContext){ .type = type == dnnl_bf16 ? type : dnnl_f32,
    .int8 = type == dnnl_s8 };
  context->network = (AlexnetNetwork){
    .input = { c->channels, c->height, c->width },
    .n_layers = 1,
    .layers = { { .kind = ALEXNET_LAYER_CONV,
        .name = "conv",
        .channels = 16,
        .kernel = c->kernel,
        .stride = c->stride,
        .padding = c->padding,
        .end_padding = c->end_padding,
        .groups = 1,
        .int8 = { .least = LEAST, .most = MOST } } },
  };
  alexnet_network_infer_shapes (&context->network, &error);
  g_assert_no_error (error);
  alexnet_onednn_space_to_depth (context);
}

/* The number at place `i` of a slot. */
static float
read_number (const OnednnInput *input, guint slot, gsize i)
{
  const void *data = alexnet_onednn_input_slot (input, slot);

  switch (input->type) {
    case dnnl_f32:
      return ((const float *) data)[i];
    case dnnl_bf16:
      return alexnet_bf16_to_float (((const guint16 *) data)[i]);
    default:
      g_assert_cmpint (input->type, ==, dnnl_s8);
      return (float) ((const gint8 *) data)[i] * input->quantization.scale;
  }
}

/* Of a tensor: whole numbers of LEAST .. MOST, none of which is 0. */
static float
make_number (guint seed, gsize i)
{
  static const float numbers[] = { LEAST, -3, -2, -1, 1, 2, MOST };

  return numbers[(i * 2654435761u + seed) % G_N_ELEMENTS (numbers)];
}

/* What layer 0 reads at channel, y, x. */
static float
find_number (const OnednnInput *input, guint seed, gsize channel, gsize y,
    gsize x)
{
  const AlexnetShape *image = &input->image;
  gsize block = input->block, c = channel / (block * block);
  gsize row = y * block + channel / block % block - input->padding;
  gsize column = x * block + channel % block - input->padding;

  if (c >= image->channels || row >= image->height || column >= image->width)
    return 0;
  return make_number (seed, (c * image->height + row) * image->width + column);
}

static void
check_slot (const OnednnInput *input, guint slot, guint seed)
{
  const AlexnetShape *shape = &input->shape;
  gsize n = input->slot_size / input->value_size, group = input->group;
  float tolerance = input->type == dnnl_s8 ? input->quantization.scale / 2 : 0;

  for (gsize i = 0; i < n; i++) {
    gsize x = i / group % shape->width;
    gsize y = i / group / shape->width % shape->height;
    gsize channel = i / group / shape->width / shape->height * group +
        i % group;
    float found = read_number (input, slot, i);
    float expected = channel < shape->channels
        ? find_number (input, seed, channel, y, x)
        : 0;

    if (!(fabsf (found - expected) <= tolerance))
      g_error ("slot %u, channel %" G_GSIZE_FORMAT ", y %" G_GSIZE_FORMAT
               ", x %" G_GSIZE_FORMAT ": %g, expected %g",
          slot, channel, y, x, found, expected);
  }
}

/* Returns the type that the ring has. */
static dnnl_data_type_t
check_case (const Case *c, dnnl_data_type_t type, dnnl_format_tag_t tag,
    AlexnetIsa isa)
{
  const AlexnetShape image = { c->channels, c->height, c->width };
  gsize n = alexnet_shape_size (&image);
  g_autofree float *tensor = g_new (float, n);
  OnednnContext context;
  OnednnInput input = { 0 };
  GError *error = NULL;

  fill_context (&context, c, type);
  context.isa = isa;
  if (tag == dnnl_nchw && context.block > 1)
    return dnnl_data_type_undef;
  alexnet_onednn_input_init (&input, &context, &image, c->padding, tag, N_SLOTS,
      &error);
  g_assert_no_error (error);
  for (guint round = 0; round < 2; round++)
    for (guint slot = 0; slot < N_SLOTS; slot++) {
      for (gsize i = 0; i < n; i++)
        tensor[i] = make_number (slot + round, i);
      alexnet_onednn_input_stage_tensor (&input, slot, tensor);
      check_slot (&input, slot, slot + round);
    }
  alexnet_onednn_input_clear (&input);
  return input.type;
}

/* Layer 0 reads floats where what may compute it does; not in every case. */
static void
test_type (gconstpointer data)
{
  const dnnl_data_type_t *type = data;
  guint n_met = 0;

  for (guint c = 0; c < G_N_ELEMENTS (cases); c++)
    for (guint t = 0; t < G_N_ELEMENTS (tags); t++)
      for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++)
        n_met += check_case (&cases[c], *type, tags[t], isa) == *type;
  g_assert_cmpuint (n_met, >, 0);
}

int
main (int argc, char *argv[])
{
  static const dnnl_data_type_t types[] = { dnnl_f32, dnnl_bf16, dnnl_s8 };

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/input/fp32", &types[0], test_type);
  g_test_add_data_func ("/input/bf16", &types[1], test_type);
  g_test_add_data_func ("/input/int8", &types[2], test_type);
  return g_test_run ();
}
