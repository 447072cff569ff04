/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A directory of examples, its limits and its index, without a stream. */

#include "learn/store.h"

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <stdlib.h>
#include <unistd.h>

#define OBJECT "{\"model\":\"m\"}\n"

typedef struct {
  char *directory;
  GstAlexnetStore *store;
} Fixture;

static void
reopen (Fixture *fixture, guint n, guint64 bytes)
{
  const GstAlexnetStoreLimit limit = { n, bytes };
  GError *error = NULL;

  gst_alexnet_store_close (fixture->store);
  fixture->store = gst_alexnet_store_open (fixture->directory, &limit, &error);
  fail_unless (fixture->store != NULL, "%s", error ? error->message : "");
}

static Fixture *
fixture_new (guint n, guint64 bytes)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  fixture->directory = g_dir_make_tmp ("alexnet-XXXXXX", NULL);
  reopen (fixture, n, bytes);
  return fixture;
}

/* Of all files in the directory, sorted; those that are not the index. */
static char **
list_pictures (const Fixture *fixture)
{
  GDir *dir = g_dir_open (fixture->directory, 0, NULL);
  GPtrArray *names = g_ptr_array_new ();
  const char *name;

  while ((name = g_dir_read_name (dir)))
    if (!g_str_equal (name, GST_ALEXNET_STORE_INDEX))
      g_ptr_array_add (names, g_strdup (name));
  g_dir_close (dir);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

static char *
path_of (const Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->directory, name, NULL);
}

static void
remove_file (const Fixture *fixture, const char *name)
{
  char *path = path_of (fixture, name);

  fail_unless (g_unlink (path) == 0);
  g_free (path);
}

static void
fixture_free (Fixture *fixture)
{
  char **names;

  gst_alexnet_store_close (fixture->store);
  names = list_pictures (fixture);
  for (guint i = 0; names[i]; i++)
    remove_file (fixture, names[i]);
  g_strfreev (names);
  remove_file (fixture, GST_ALEXNET_STORE_INDEX);
  fail_unless (g_rmdir (fixture->directory) == 0);
  g_free (fixture->directory);
  g_free (fixture);
}

/* A picture of so many bytes. */
static gboolean
add (Fixture *fixture, gsize size)
{
  g_autofree char *picture = g_strnfill (size, 'x');

  return gst_alexnet_store_add (fixture->store, "png", picture, size, OBJECT,
      NULL);
}

static char *
read_index (const Fixture *fixture)
{
  char *path = path_of (fixture, GST_ALEXNET_STORE_INDEX);
  char *contents;

  fail_unless (g_file_get_contents (path, &contents, NULL, NULL));
  g_free (path);
  return contents;
}

static void
write_index (const Fixture *fixture, const char *contents)
{
  char *path = path_of (fixture, GST_ALEXNET_STORE_INDEX);

  fail_unless (g_file_set_contents (path, contents, -1, NULL));
  g_free (path);
}

static int
compare (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The index, when it is closed, lists the pictures, in their order. */
static void
expect (Fixture *fixture, guint n)
{
  char **names = list_pictures (fixture);
  char *index;
  GString *expected = g_string_new (NULL);

  fail_unless_equals_int (g_strv_length (names), n);
  qsort (names, n, sizeof *names, compare);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (expected, "{\"file\":\"%s\",\"model\":\"m\"}\n",
        names[i]);
  gst_alexnet_store_close (g_steal_pointer (&fixture->store));
  index = read_index (fixture);
  fail_unless_equals_string (index, expected->str);
  g_string_free (expected, TRUE);
  g_free (index);
  g_strfreev (names);
}

typedef struct {
  guint n;
  guint64 bytes;
  gsize size; /* of each of ten */
  guint kept;
} Limit;

static const Limit limits[] = { { 0, 0, 50, 10 }, { 3, 0, 50, 3 },
  { 0, 200, 50, 4 }, { 0, 199, 50, 3 }, { 2, 1000, 50, 2 }, { 9, 100, 50, 2 },
  { 1, 0, 50, 1 }, { 0, 50, 50, 1 }, { 0, 50, 51, 0 } };

/* The newest ones stay; what is larger than all may be is refused. */
GST_START_TEST (test_limit)
{
  const Limit *limit = &limits[__i__];
  Fixture *fixture = fixture_new (limit->n, limit->bytes);

  for (guint i = 0; i < 10; i++)
    fail_unless (add (fixture, limit->size) == (limit->kept > 0));
  expect (fixture, limit->kept);
  fixture_free (fixture);
}
GST_END_TEST

/* One large picture takes the place of several small ones. */
GST_START_TEST (test_sizes)
{
  Fixture *fixture = fixture_new (0, 100);

  for (guint i = 0; i < 10; i++)
    add (fixture, 10);
  fail_unless (add (fixture, 75));
  expect (fixture, 3);
  fixture_free (fixture);
}
GST_END_TEST

/* What was there before counts, and goes first. */
GST_START_TEST (test_reopen)
{
  Fixture *fixture = fixture_new (5, 0);
  char **before, **after;

  for (guint i = 0; i < 5; i++)
    add (fixture, 1);
  before = list_pictures (fixture);
  reopen (fixture, 5, 0);
  for (guint i = 0; i < 2; i++)
    add (fixture, 1);
  after = list_pictures (fixture);
  fail_unless_equals_int (g_strv_length (after), 5);
  for (guint i = 0, n = 0; before[i]; i++) {
    n += g_strv_contains ((const char *const *) after, before[i]);
    fail_unless (before[i + 1] || n == 3);
  }
  reopen (fixture, 1, 0);
  expect (fixture, 1);
  g_strfreev (before);
  g_strfreev (after);
  fixture_free (fixture);
}
GST_END_TEST

/* What a user took away is no example any more; his own files stay. */
GST_START_TEST (test_files_of_others)
{
  Fixture *fixture = fixture_new (2, 0);
  char **names, *own = path_of (fixture, "own.png");

  fail_unless (g_file_set_contents (own, "own", -1, NULL));
  add (fixture, 1);
  names = list_pictures (fixture);
  for (guint i = 0; names[i]; i++)
    if (!g_str_equal (names[i], "own.png"))
      remove_file (fixture, names[i]);
  for (guint i = 0; i < 4; i++)
    fail_unless (add (fixture, 1));
  fail_unless (g_unlink (own) == 0);
  expect (fixture, 2);
  g_strfreev (names);
  g_free (own);
  fixture_free (fixture);
}
GST_END_TEST

static const char *const bad_lines[] = { "{\"file\":\"../victim\"}\n",
  "{\"file\":\"/tmp\"}\n", "{\"file\":\".\"}\n", "{\"file\":\"\"}\n",
  "{\"file\":7}\n", "{\"file\":[\"a\"]}\n", "{}\n", "[]\n", "\n", "null\n",
  "{\"file\":\"gone.png\"}\n", "{\"file\":\"2026" };

/* A line of no example, as one cut short by a power failure, is taken out, and
 * no file outside is touched. */
GST_START_TEST (test_bad_line)
{
  Fixture *fixture = fixture_new (1, 0);
  char *index, *all;

  add (fixture, 1);
  index = read_index (fixture);
  all = g_strconcat (index, bad_lines[__i__], NULL);
  gst_alexnet_store_close (g_steal_pointer (&fixture->store));
  write_index (fixture, all);
  reopen (fixture, 1, 0);
  g_free (all);
  all = read_index (fixture);
  fail_unless_equals_string (all, index);
  fail_unless (add (fixture, 1));
  expect (fixture, 1);
  g_free (all);
  g_free (index);
  fixture_free (fixture);
}
GST_END_TEST

/* The index does not grow without end. */
GST_START_TEST (test_index_is_bounded)
{
  Fixture *fixture = fixture_new (4, 0);
  char *index;

  for (guint i = 0; i < 100; i++)
    add (fixture, 1);
  index = read_index (fixture);
  fail_unless (strlen (index) < 10 * 80);
  g_free (index);
  expect (fixture, 4);
  fixture_free (fixture);
}
GST_END_TEST

static void
expect_error (const char *directory, int code, const char *text)
{
  const GstAlexnetStoreLimit limit = { 0, 0 };
  GError *error = NULL;

  fail_unless (!gst_alexnet_store_open (directory, &limit, &error));
  fail_unless (g_error_matches (error, GST_RESOURCE_ERROR, code));
  fail_unless (strstr (error->message, text) != NULL, "%s", error->message);
  g_error_free (error);
}

GST_START_TEST (test_bad_directory)
{
  Fixture *fixture = fixture_new (0, 0);
  char *below = path_of (fixture, GST_ALEXNET_STORE_INDEX "/below");

  expect_error (fixture->directory, GST_RESOURCE_ERROR_BUSY,
      fixture->directory);
  expect_error (below, GST_RESOURCE_ERROR_WRITE, below);
  expect_error ("/proc/self/examples", GST_RESOURCE_ERROR_WRITE,
      "/proc/self/examples");
  g_free (below);
  fixture_free (fixture);
}
GST_END_TEST

/* An index that takes nothing leaves no picture behind. */
GST_START_TEST (test_full_disk)
{
  Fixture *fixture = fixture_new (0, 0);
  char *index = path_of (fixture, GST_ALEXNET_STORE_INDEX);
  GError *error = NULL;

  fail_unless (g_unlink (index) == 0);
  fail_unless (symlink ("/dev/full", index) == 0);
  fail_unless (!gst_alexnet_store_add (fixture->store, "png", "x", 1, OBJECT,
      &error));
  fail_unless (g_error_matches (error, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT));
  g_clear_error (&error);
  fail_unless (g_unlink (index) == 0);
  fail_unless (add (fixture, 1));
  expect (fixture, 1);
  g_free (index);
  fixture_free (fixture);
}
GST_END_TEST

static Suite *
store_suite (void)
{
  Suite *suite = suite_create ("store");
  TCase *tests = tcase_create ("store");

  suite_add_tcase (suite, tests);
  tcase_add_loop_test (tests, test_limit, 0, G_N_ELEMENTS (limits));
  tcase_add_test (tests, test_sizes);
  tcase_add_test (tests, test_reopen);
  tcase_add_test (tests, test_files_of_others);
  tcase_add_loop_test (tests, test_bad_line, 0, G_N_ELEMENTS (bad_lines));
  tcase_add_test (tests, test_index_is_bounded);
  tcase_add_test (tests, test_bad_directory);
  tcase_add_test (tests, test_full_disk);
  return suite;
}

GST_CHECK_MAIN (store)
