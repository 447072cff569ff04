/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How plans are chosen, and what is remembered of it. */

#include <string.h>

#include "fixture.h"
#include "support/random-model.h"

#define MAX_BATCH 2

static AlexnetNetwork *network;
static float *inputs;

/* Opens, runs a batch, closes. */
static float *
use_module (void)
{
  g_autoptr (AlexnetPlan)
      plan = fixture_open (network, ALEXNET_PRECISION_FP16, MAX_BATCH);

  fixture_stage (plan, network, 0, MAX_BATCH, inputs);
  return fixture_infer (plan, network, 0, MAX_BATCH);
}

static void
assert_same (const float *a, const float *b)
{
  gsize n = MAX_BATCH * alexnet_shape_size (alexnet_network_output (network));

  g_assert_cmpmem (a, n * sizeof *a, b, n * sizeof *b);
}

typedef void (*Damage) (GString *text);

static void
damage_nothing (GString *text)
{
}

static void
damage_empty (GString *text)
{
  g_string_truncate (text, 0);
}

static void
damage_half (GString *text)
{
  g_string_truncate (text, text->len / 2);
}

static void
damage_other_json (GString *text)
{
  g_string_assign (text, "[1, {\"plans\": 2}]");
}

static void
damage_identity (GString *text)
{
  g_string_replace (text, "driver", "motorist", 0);
}

static void
damage_plans (GString *text)
{
  g_string_replace (text, "\\\"engine\\\"", "\\\"motor\\\"", 0);
}

static void
damage_bits (GString *text)
{
  g_string_replace (text, "00000001000000", "00000002000000", 0);
}

static void
damage_numbers (GString *text)
{
  g_string_replace (text, "\"0\"", "\"99\"", 0);
  g_string_replace (text, "\"1\"", "\"-1\"", 0);
  g_string_replace (text, "\"2\"", "\"x\"", 0);
}

/* Plans of an engine that cannot run them. */
static void
damage_engines (GString *text)
{
  const char *const engine = "\\\"engine\\\":";
  char *at = text->str;

  while ((at = strstr (at, engine)) != NULL) {
    at += strlen (engine);
    memcpy (at, "29", 2);
  }
}

/* Works without tuning only where nothing was damaged. */
static void
check_damage (Damage damage, const char *text, const float *expected,
    guint n_works_cold)
{
  g_autoptr (GString) damaged = g_string_new (text);
  g_autofree char *path = cache_directory_find (), *after = NULL;
  g_autofree float *outputs = NULL;
  gboolean changed;

  damage (damaged);
  changed = !g_str_equal (damaged->str, text);
  g_assert_true (changed == (damage != damage_nothing));
  g_assert_true (g_file_set_contents (path, damaged->str, -1, NULL));
  softgpu_reset ();
  outputs = use_module ();
  assert_same (outputs, expected);
  if (changed)
    g_assert_true (g_file_get_contents (path, &after, NULL, NULL));
  if (changed && damage != damage_identity)
    g_assert_cmpstr (after, !=, damaged->str);
  if (!changed)
    g_assert_cmpuint (softgpu_n_works () * 2, <, n_works_cold);
}

static void
test_plan_cache (void)
{
  static const Damage damages[] = { damage_nothing, damage_empty, damage_half,
    damage_other_json, damage_identity, damage_plans, damage_bits,
    damage_engines, damage_numbers };
  g_autofree char *path = NULL, *text = NULL;
  g_autofree float *expected = NULL;
  guint n_works_cold;

  cache_directory_clear ();
  expected = use_module ();
  n_works_cold = softgpu_n_works ();
  path = cache_directory_find ();
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    check_damage (damages[i], text, expected, n_works_cold);
  softgpu_reset ();
}

#define ASKED "cublasLtMatmulAlgoGetHeuristic"

/* Asked for the first linear layer of a batch, with what is remembered then. */
static void
look (gpointer data)
{
  GString *found = data;
  g_autofree char *path = cache_directory_find (), *text = NULL;

  if (*path && g_file_get_contents (path, &text, NULL, NULL))
    g_string_assign (found, text);
  softgpu_during (ASKED, look, found);
}

/* Whoever interrupts the last batch size has the others' plans. */
static void
test_interrupted (void)
{
  g_autoptr (GString) found = g_string_new (NULL);

  cache_directory_clear ();
  softgpu_reset ();
  softgpu_during (ASKED, look, found);
  g_free (use_module ());
  g_assert_nonnull (strstr (found->str, "conv 1x"));
  g_assert_nonnull (strstr (found->str, "linear 1x"));
  g_assert_null (strstr (found->str, "conv 2x"));
  softgpu_reset ();
}

/* What was found for all multiprocessors is not believed where there are some,
 * and found again where there are all. */
static void
test_processors (void)
{
  static const guint n_processors[] = { 4, 2, 2, 4 };
  guint n_works[4];

  cache_directory_clear ();
  for (guint i = 0; i < 4; i++) {
    softgpu_reset ();
    softgpu_set_processors (n_processors[i]);
    g_free (use_module ());
    n_works[i] = softgpu_n_works ();
  }
  g_assert_cmpuint (n_works[1], ==, n_works[0]);
  g_assert_cmpuint (n_works[2], <, n_works[0] / 2);
  g_assert_cmpuint (n_works[3], ==, n_works[2]);
  softgpu_reset ();
}

/* Plans are timed as they are used, as nodes of a graph, and outside of one
 * they run before their capture alone. */
static void
test_graphs (void)
{
  g_autofree char *text = NULL;
  guint n_works, n_nodes;

  cache_directory_clear ();
  softgpu_reset ();
  fixture_close (fixture_open (network, ALEXNET_PRECISION_FP16, 1));
  text = softgpu_take_works (&n_works, &n_nodes);
  g_test_message ("%u of %u are nodes:\n%s", n_nodes, n_works, text);
  g_assert_cmpuint (n_nodes, >, n_works / 2);
  softgpu_reset ();
}

/* What is chosen for one convolution while some of the device's work is slow,
 * from number `first` on. */
static char *
choose_slowly (const AlexnetNetwork *layer, guint first)
{
  g_autofree char *path = NULL;
  char *text;

  cache_directory_clear ();
  softgpu_reset ();
  softgpu_slow_down (first, 8);
  fixture_close (fixture_open (layer, ALEXNET_PRECISION_FP16, 1));
  path = cache_directory_find ();
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* A device that is slow while one of the plans is timed does not change which
 * one is chosen. */
static void
test_slow (void)
{
  AlexnetNetwork layer = fixture_layer (network, 0);
  g_autofree char *expected = choose_slowly (&layer, G_MAXINT);
  guint n_works = softgpu_n_works ();

  g_assert_cmpuint (n_works, >, 50);
  for (guint first = 1; first < n_works; first += 4) {
    g_autofree char *chosen = choose_slowly (&layer, first);

    g_assert_cmpstr (chosen, ==, expected);
  }
  softgpu_reset ();
}

int
main (int argc, char **argv)
{
  int status;

  cache_directory_init (&argc, &argv);
  network = fixture_small_network ();
  inputs = fixture_inputs (network, MAX_BATCH, 0);
  g_test_add_func ("/softgpu/tune/plan-cache", test_plan_cache);
  g_test_add_func ("/softgpu/tune/interrupted", test_interrupted);
  g_test_add_func ("/softgpu/tune/processors", test_processors);
  g_test_add_func ("/softgpu/tune/graphs", test_graphs);
  g_test_add_func ("/softgpu/tune/slow", test_slow);
  status = cache_directory_run ();
  random_model_clear (network);
  g_free (network);
  g_free (inputs);
  return status;
}
