/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where in a file the weights of a network are, by the names that files of
 * many origins have. */

#include <string.h>
#include <time.h>

#include "model/choose.h"

#define N_MANY 20000
#define MAX_SECONDS 20

/* Layers of torchvision's table, as a file names them: PREFIX and WRAPPER stand
 * around "features.N" and "classifier.N". */
typedef struct {
  const char *prefix, *wrapper;
} Names;

/* A tensor of its own. */
static void
add (AlexnetTensorSet *set, const char *name)
{
  static const float values[3 * N_MANY + 2];
  AlexnetTensor tensor = {
    .n_dims = 1, .dims = { 1 }, .data = &values[set->entries->len]
  };
  GError *error = NULL;

  alexnet_tensor_set_add (set, name, &tensor, NULL, &error);
  g_assert_no_error (error);
}

static void
add_network (AlexnetTensorSet *set, const Names *names)
{
  const AlexnetNetwork *network = alexnet_network_find ("torchvision");

  for (guint i = 0; i < network->n_layers; i++) {
    const char *layer = network->layers[i].name;
    g_auto (GStrv) words = layer ? g_strsplit (layer, ".", 2) : NULL;

    for (guint k = 0; words && k < 2; k++) {
      gboolean wrapped = g_str_equal (words[0], "features");
      g_autofree char *name = g_strconcat (names->prefix, words[0], ".",
          wrapped ? names->wrapper : "", words[1], k ? ".bias" : ".weight",
          NULL);

      add (set, name);
    }
  }
}

static AlexnetPart *
find (const AlexnetTensorSet *set, const char *wanted)
{
  GError *error = NULL;
  AlexnetPart *part = alexnet_part_choose (set, wanted, &error);

  g_assert_no_error (error);
  return part;
}

static void
assert_fails (const AlexnetTensorSet *set, const char *wanted,
    const char *expected)
{
  GError *error = NULL;

  g_assert_null (alexnet_part_choose (set, wanted, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr (error->message, ==, expected);
  g_error_free (error);
}

/* Every layer is found, whatever stands around its name. */
static void
test_prefixes (void)
{
  static const struct {
    Names names;
    const char *part;
  } cases[] = {
    { { "", "" }, "" },
    { { "module.", "" }, "module" },
    { { "", "module." }, "" }, /* pytorch/examples wraps the features alone */
    { { "state_dict.", "module." }, "state_dict" },
    { { "state_dict.module.", "" }, "state_dict.module" },
    { { "_orig_mod.", "" }, "_orig_mod" },
    { { "model.module.model.", "" }, "model.module.model" },
    { { "state_dict.net.", "_orig_mod." }, "state_dict.net" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
    g_autoptr (AlexnetPart) part = NULL;

    add_network (set, &cases[i].names);
    part = find (set, NULL);
    g_assert_cmpstr (part->name, ==, cases[i].part);
    g_assert_cmpstr (part->network->architecture, ==, "torchvision");
    g_assert_cmpuint (g_hash_table_size (part->tensors), ==, 16);
    g_assert_cmpuint (part->left.unused->len, ==, 0);
  }
}

/* What else a checkpoint holds is no weight of the network. */
static void
test_company (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) part = NULL;

  add_network (set, &(Names){ "state_dict.", "" });
  add (set, "optimizer.state.0.momentum_buffer");
  add (set, "state_dict.n_averaged");
  add (set, "normalizer.new_mean");
  part = find (set, NULL);
  g_assert_cmpstr (part->name, ==, "state_dict");
  g_assert_cmpuint (part->left.unused->len, ==, 0);
}

static void
test_several (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) ema = NULL, model = NULL, below = NULL;

  add_network (set, &(Names){ "model.", "" });
  add_network (set, &(Names){ "ema.module.", "" });
  assert_fails (set, NULL,
      "2 networks are in the file, in the parts 'model', 'ema.module'; choose "
      "one (property model-part, option --part)");
  assert_fails (set, "weights",
      "no network in part 'weights'; there is one in 'model', 'ema.module'");
  assert_fails (set, "ema.mod",
      "no network in part 'ema.mod'; there is one in 'model', 'ema.module'");
  model = find (set, "model");
  g_assert_cmpstr (model->name, ==, "model");
  ema = find (set, "ema.module");
  g_assert_cmpstr (ema->name, ==, "ema.module");
  below = find (set, "ema");
  g_assert_cmpstr (below->name, ==, "ema.module");
}

/* A module and its state_dict beside it are one network. */
static void
test_same (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) first = NULL, second = NULL;
  guint n;

  add_network (set, &(Names){ "state_dict.", "" });
  n = set->entries->len;
  for (guint i = 0; i < n; i++) {
    const AlexnetTensorEntry *entry = set->entries->pdata[i];
    g_autofree char *name = g_strconcat ("net.",
        entry->name + strlen ("state_dict."), NULL);

    alexnet_tensor_set_add (set, name, &entry->tensor, NULL, NULL);
  }
  first = find (set, NULL);
  g_assert_cmpstr (first->name, ==, "state_dict");
  second = find (set, "net");
  g_assert_cmpstr (second->name, ==, "net");
}

/* One network's part can hold another's: the weights of each are its own. */
static void
test_inside (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) outer = NULL, inner = NULL;

  add_network (set, &(Names){ "", "" });
  add_network (set, &(Names){ "ema.", "" });
  outer = find (set, "");
  g_assert_cmpstr (outer->name, ==, "");
  g_assert_cmpuint (outer->left.unused->len, ==, 0);
  inner = find (set, "ema");
  g_assert_cmpstr (inner->name, ==, "ema");
}

/* What holds very many is sorted before long, inside of a part, too. */
static void
test_many (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) outer = NULL, inner = NULL;
  clock_t begin = clock ();

  for (guint i = 0; i < N_MANY; i++) {
    g_autofree char *first = g_strdup_printf ("a%u.conv1.weight", i);
    g_autofree char *last = g_strdup_printf ("a%u.fc8.weight", i);
    g_autofree char *other = g_strdup_printf ("a%u.other.weight", i);

    add (set, first);
    add (set, last);
    add (set, other);
  }
  assert_fails (set, NULL,
      "20000 networks are in the file, in the parts 'a0', 'a1', 'a2' and 19997 "
      "more; choose one (property model-part, option --part)");
  inner = find (set, "a19999");
  g_assert_cmpuint (inner->left.unused->len, ==, 1);
  add (set, "conv1.weight");
  add (set, "fc8.weight");
  outer = find (set, "");
  g_assert_cmpuint (outer->left.unused->len, ==, 0);
  g_assert_cmpint (clock () - begin, <, MAX_SECONDS * CLOCKS_PER_SEC);
}

static void
test_unused (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) part = NULL;

  add_network (set, &(Names){ "net.", "" });
  add (set, "net.classifier.7.weight");
  add (set, "net.classifier.7.bias");
  add (set, "net.features.1.running_mean");
  add (set, "discriminator.weight");
  part = find (set, NULL);
  g_assert_cmpuint (part->left.unused->len, ==, 3);
  g_assert_cmpstr (part->left.unused->pdata[0], ==, "net.classifier.7.weight");
  g_assert_cmpstr (part->left.unused->pdata[1], ==, "net.classifier.7.bias");
  g_assert_cmpstr (part->left.unused->pdata[2], ==,
      "net.features.1.running_mean");
}

static void
test_ambiguous (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();

  add_network (set, &(Names){ "", "" });
  add (set, "features.module.0.weight");
  assert_fails (set, NULL,
      "both 'features.0.weight' and 'features.module.0.weight' could be "
      "features.0.weight");
}

/* Another network beside it, as one that is distilled has, may have names in
 * which several layers could be the same one of an AlexNet. */
static void
test_ambiguous_beside (void)
{
  static const char clash[] =
      "both 'teacher.features.0.0.weight' and 'teacher.features.1.conv.0.0."
      "weight' could be features.0.weight";
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) student = NULL;

  add (set, "teacher.features.0.0.weight");
  add (set, "teacher.features.1.conv.0.0.weight");
  add (set, "teacher.classifier.6.weight");
  add_network (set, &(Names){ "student.", "" });
  student = find (set, "student");
  g_assert_cmpstr (student->name, ==, "student");
  g_assert_cmpuint (g_hash_table_size (student->tensors), ==, 16);
  assert_fails (set, "teacher", clash);
  assert_fails (set, NULL,
      "2 networks are in the file, in the parts 'teacher', 'student'; choose "
      "one (property model-part, option --part)");
}

static void
test_none (void)
{
  static const char expected[] =
      "not an AlexNet: it has %s, expected names that end in features.0.weight "
      "(torchvision) or conv1.weight (caffe)%s";
  static const struct {
    const char *names[5];
    const char *found, *more;
  } cases[] = {
    { { NULL }, "no tensors", "" },
    { { "lin0.model.1.weight" }, "'lin0.model.1.weight'", "" },
    { { "0.weight", "0.bias", "3.weight", "3.bias" },
        "'0.weight', '0.bias', '3.weight' and 1 more",
        "; layers of a bare nn.Sequential have numbers for names, which do not "
        "say what they are" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
    g_autofree char *message = NULL;

    for (guint k = 0; cases[i].names[k]; k++)
      add (set, cases[i].names[k]);
    message = g_strdup_printf (expected, cases[i].found, cases[i].more);
    assert_fails (set, NULL, message);
  }
}

/* A tensor of `n_dims` dimensions of 1. */
static void
add_dims (AlexnetTensorSet *set, const char *name, guint n_dims)
{
  static const float value;
  AlexnetTensor tensor = {
    .n_dims = n_dims, .dims = { 1, 1, 1, 1 }, .data = &value
  };
  GError *error = NULL;

  alexnet_tensor_set_add (set, name, &tensor, NULL, &error);
  g_assert_no_error (error);
}

/* What computes, or says that a weight is not as it is, is refused; what
 * training leaves behind is not; of the rest there is a note. */
static void
test_leftovers (void)
{
  static const struct {
    const char *name;
    guint unused, means, ignored;
  } cases[] = {
    { "net.classifier.6.weight_scale", 1, 0, 0 },
    { "net.classifier.6.lora_A", 1, 0, 0 },
    { "net.classifier.2.0.running_var", 1, 0, 0 },
    { "net.classifier.2.0.num_batches_tracked", 0, 0, 0 },
    { "net.classifier.6.weight_fake_quant.scale", 0, 0, 0 },
    { "net.classifier.6.activation_post_process.min_val", 0, 0, 0 },
    { "net.classifier.6.scale", 1, 0, 0 },
    { "net.criterion.weight", 0, 0, 0 },
    { "net.temperature", 0, 0, 1 },
    { "net.normalize.mean", 0, 1, 0 },
    { "normalizer.new_std", 0, 1, 0 },
    { "epoch", 0, 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
    g_autoptr (AlexnetPart) part = NULL;

    add_network (set, &(Names){ "net.", "" });
    add (set, cases[i].name);
    part = find (set, NULL);
    g_test_message ("%s", cases[i].name);
    g_assert_cmpuint (part->left.unused->len, ==, cases[i].unused);
    g_assert_cmpuint (part->left.means->len, ==, cases[i].means);
    g_assert_cmpuint (part->left.ignored->len, ==, cases[i].ignored);
  }
}

static void
test_notes (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (AlexnetPart) part = NULL;

  add_network (set, &(Names){ "", "" });
  add (set, "normalize.mean");
  add (set, "temperature");
  part = find (set, NULL);
  alexnet_leftovers_note (&part->left, notes);
  g_assert_cmpuint (notes->len, ==, 2);
  g_assert_cmpstr (notes->pdata[0], ==,
      "means and deviations in the weights are not used for preprocessing: "
      "'normalize.mean'");
  g_assert_cmpstr (notes->pdata[1], ==, "not used by any layer: 'temperature'");
}

/* The words of a part's own name say nothing of what is in it. */
static void
test_named_as_harmless (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) part = NULL;

  add_network (set, &(Names){ "best_loss.", "" });
  add (set, "best_loss.classifier.7.weight");
  part = find (set, NULL);
  g_assert_cmpuint (part->left.unused->len, ==, 1);
}

/* A head that follows the network is no part of it. */
static void
test_beside (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetTensorSet) checkpoint = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) asked = NULL, of_checkpoint = NULL;

  add_network (set, &(Names){ "model.alexnet.", "" });
  add_dims (set, "model.fc.weight", 2);
  add_dims (set, "other.fc.weight", 2);
  assert_fails (set, NULL,
      "'model.fc.weight' is beside the network in part 'model.alexnet', as a "
      "layer that follows it; choose the part to leave it out (property "
      "model-part, option --part)");
  asked = find (set, "model.alexnet");
  g_assert_cmpstr (asked->name, ==, "model.alexnet");

  add_network (checkpoint, &(Names){ "state_dict.", "" });
  add_dims (checkpoint, "discriminator.fc.weight", 2);
  of_checkpoint = find (checkpoint, NULL);
  g_assert_cmpstr (of_checkpoint->name, ==, "state_dict");
}

/* A weight that is computed from others is none, whether or not what was
 * computed last stands beside them. */
static void
test_computed (void)
{
  static const struct {
    const char *name, *what;
  } cases[] = {
    { "classifier.6.weight_mask",
        "pruned, whose weight is computed from several tensors; call "
        "torch.nn.utils.prune.remove() on the layer, then save it" },
    { "features.0.weight_g",
        "under weight normalisation, whose weight is computed from several "
        "tensors; call torch.nn.utils.remove_weight_norm() on the layer, then "
        "save it" },
    { "classifier.1.weight_u",
        "under spectral normalisation, whose weight is computed from several "
        "tensors; call torch.nn.utils.remove_spectral_norm() on the layer, "
        "then save it" },
    { "features.0.parametrizations.weight.original0",
        "parametrised, whose weight is computed from several tensors; call "
        "torch.nn.utils.parametrize.remove_parametrizations() on the layer, "
        "then save it" },
    { "classifier.1._packed_params._packed_params.0",
        "quantised; expected the network in floats that it was made of" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AlexnetTensorSet) with = alexnet_tensor_set_new ();
    g_autoptr (AlexnetTensorSet) without = alexnet_tensor_set_new ();
    g_autofree char
        *expected = g_strdup_printf ("'%s' is of a layer that is %s",
            cases[i].name, cases[i].what);

    add_network (with, &(Names){ "", "" });
    add (with, cases[i].name);
    assert_fails (with, NULL, expected);
    add (without, cases[i].name);
    assert_fails (without, NULL, expected);
  }
}

/* A name without a gap is the layer's, and what stands alone below it is. */
static void
test_below (void)
{
  const AlexnetNetwork *network = alexnet_network_find ("torchvision");
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();
  g_autoptr (AlexnetPart) part = NULL;
  const AlexnetTensorEntry *first, *last;

  add (set, "classifier.6.1.weight");
  for (guint i = 0; i + 2 < network->n_layers; i++) {
    const char *layer = network->layers[i].name;
    g_autofree char *name = layer ? g_strconcat (layer, ".weight", NULL) : NULL;

    if (layer)
      add (set, name);
  }
  part = find (set, NULL);
  first = g_hash_table_lookup (part->tensors, "classifier.1.weight");
  last = g_hash_table_lookup (part->tensors, "classifier.6.weight");
  g_assert_cmpstr (first->name, ==, "classifier.1.weight");
  g_assert_cmpstr (last->name, ==, "classifier.6.1.weight");
  g_assert_cmpuint (part->left.unused->len, ==, 0);
}

/* As a ResNet has a conv1 in each of its blocks. */
static void
test_other_networks (void)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();

  add (set, "conv1.weight");
  add (set, "layer1.0.conv1.weight");
  add (set, "fc.weight");
  assert_fails (set, NULL,
      "not an AlexNet: it has 'conv1.weight', 'layer1.0.conv1.weight', "
      "'fc.weight', and nothing that ends in classifier.6.weight (torchvision) "
      "or fc8.weight (caffe)");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/part/prefixes", test_prefixes);
  g_test_add_func ("/part/company", test_company);
  g_test_add_func ("/part/several", test_several);
  g_test_add_func ("/part/same", test_same);
  g_test_add_func ("/part/inside", test_inside);
  g_test_add_func ("/part/many", test_many);
  g_test_add_func ("/part/unused", test_unused);
  g_test_add_func ("/part/ambiguous", test_ambiguous);
  g_test_add_func ("/part/ambiguous/beside", test_ambiguous_beside);
  g_test_add_func ("/part/none", test_none);
  g_test_add_func ("/part/leftovers", test_leftovers);
  g_test_add_func ("/part/leftovers/part", test_named_as_harmless);
  g_test_add_func ("/part/notes", test_notes);
  g_test_add_func ("/part/beside", test_beside);
  g_test_add_func ("/part/computed", test_computed);
  g_test_add_func ("/part/below", test_below);
  g_test_add_func ("/part/other-networks", test_other_networks);
  return g_test_run ();
}
