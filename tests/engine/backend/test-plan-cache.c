/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "support/cache-directory.h"
#include "backend/plan-cache.h"

#include <glib/gstdio.h>

static void
save_plan (const char *identity, const char *value)
{
  AlexnetPlanCache *cache = alexnet_plan_cache_open ("test", identity);

  alexnet_plan_cache_set (cache, "key", value);
  alexnet_plan_cache_close (cache);
}

static char *
load_plan (const char *identity)
{
  AlexnetPlanCache *cache = alexnet_plan_cache_open ("test", identity);
  char *value = g_strdup (alexnet_plan_cache_get (cache, "key"));

  alexnet_plan_cache_close (cache);
  return value;
}

static void
assert_plan (const char *identity, const char *expected)
{
  g_autofree char *value = load_plan (identity);

  g_assert_cmpstr (value, ==, expected);
}

static char *
get_cache_path (const char *identity)
{
  AlexnetPlanCache *cache = alexnet_plan_cache_open ("test", identity);
  char *path = g_strdup (alexnet_plan_cache_get_path (cache));

  alexnet_plan_cache_close (cache);
  return path;
}

static void
test_cache (void)
{
  assert_plan ("one", NULL);
  save_plan ("one", "{ \"a\": \"b\\n\" }");
  assert_plan ("one", "{ \"a\": \"b\\n\" }");
  assert_plan ("two", NULL);
  save_plan ("two", "2");
  assert_plan ("one", "{ \"a\": \"b\\n\" }");
  save_plan ("one", "1");
  assert_plan ("one", "1");
}

/* Two processes that start together, each with questions of its own and one
 * that both have. */
static void
test_cache_of_two (void)
{
  AlexnetPlanCache *first = alexnet_plan_cache_open ("test", "both");
  AlexnetPlanCache *second = alexnet_plan_cache_open ("test", "both");

  alexnet_plan_cache_set (first, "first", "1");
  alexnet_plan_cache_set (first, "key", "of the first");
  alexnet_plan_cache_set (second, "second", "2");
  alexnet_plan_cache_set (second, "key", "of the second");
  alexnet_plan_cache_close (first);
  alexnet_plan_cache_close (second);

  first = alexnet_plan_cache_open ("test", "both");
  g_assert_cmpstr (alexnet_plan_cache_get (first, "first"), ==, "1");
  g_assert_cmpstr (alexnet_plan_cache_get (first, "second"), ==, "2");
  g_assert_cmpstr (alexnet_plan_cache_get (first, "key"), ==, "of the second");
  alexnet_plan_cache_close (first);
}

/* Whatever the file holds, it is as good as none and is replaced. */
static void
test_cache_damaged (void)
{
  static const char *const texts[] = { "", "{", "[]", "null", "\"plans\"",
    "{\"identity\":\"damaged\"}", "{\"identity\":1,\"plans\":{\"key\":\"v\"}}",
    "{\"identity\":\"other\",\"plans\":{\"key\":\"v\"}}",
    "{\"identity\":\"damaged\",\"plans\":[\"key\"]}",
    "{\"identity\":\"damaged\",\"plans\":{\"key\":7}}",
    "{\"identity\":\"damaged\",\"plans\":{\"key\":{}}}" };
  g_autofree char *path = get_cache_path ("damaged");

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    save_plan ("damaged", "good");
    g_file_set_contents (path, texts[i], -1, &error);
    g_assert_no_error (error);
    assert_plan ("damaged", NULL);
    save_plan ("damaged", "new");
    assert_plan ("damaged", "new");
  }
}

/* A directory where the file should be: nothing is kept, nothing is lost. */
static void
test_cache_unwritable (void)
{
  g_autofree char *path = get_cache_path ("unwritable");

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  save_plan ("unwritable", "1");
  assert_plan ("unwritable", NULL);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/plan-cache/kept", test_cache);
  g_test_add_func ("/plan-cache/of-two", test_cache_of_two);
  g_test_add_func ("/plan-cache/damaged", test_cache_damaged);
  g_test_add_func ("/plan-cache/unwritable", test_cache_unwritable);
  return cache_directory_run ();
}
