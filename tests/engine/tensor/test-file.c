/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tensor/file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT "0123456789"

static char *directory;

static char *
make_path (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

static char *
make_file (const char *name, const char *text)
{
  char *path = make_path (name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static AlexnetFile *
open_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  AlexnetFile *file = alexnet_file_open (path, &error);

  g_assert_no_error (error);
  return file;
}

static void
assert_bytes (const AlexnetFile *file, guint64 offset, const char *expected)
{
  gsize size = strlen (expected);
  g_autofree char *found = g_malloc0 (size + 1);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  alexnet_file_read (file, offset, found, size, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, expected);
  bytes = alexnet_file_read_bytes (file, offset, size, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
      expected, size);
}

static void
assert_refused (const AlexnetFile *file, guint64 offset, gsize size,
    const char *expected)
{
  char out[16];
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (size, <=, sizeof out);
  g_assert_false (alexnet_file_read (file, offset, out, size, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr (error->message, ==, expected);
  g_clear_error (&error);
  g_assert_null (alexnet_file_read_bytes (file, offset, size, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
check_reads (const AlexnetFile *file)
{
  g_assert_cmpuint (alexnet_file_get_size (file), ==, strlen (TEXT));
  assert_bytes (file, 0, TEXT);
  assert_bytes (file, 3, "345");
  assert_bytes (file, 10, "");
  assert_refused (file, 8, 3,
      "ends at byte 10, expected 3 bytes from byte 8 on");
  assert_refused (file, 11, 0,
      "ends at byte 10, expected 0 bytes from byte 11 on");
  assert_refused (file, G_MAXUINT64, 2,
      "ends at byte 10, expected 2 bytes from byte 18446744073709551615 on");
}

static void
test_read (void)
{
  g_autofree char *path = make_file ("read", TEXT);
  g_autoptr (AlexnetFile) file = open_file (path);

  g_assert_cmpstr (alexnet_file_get_path (file), ==, path);
  check_reads (file);
}

static void
test_memory (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (TEXT, strlen (TEXT));
  g_autoptr (AlexnetFile) file = alexnet_file_new_from_bytes (bytes, "memory");

  g_assert_cmpstr (alexnet_file_get_path (file), ==, "memory");
  g_assert_true (alexnet_file_is_current (file));
  check_reads (file);
}

/* More than fits into memory is refused by the file's size first. */
static void
test_huge (void)
{
  g_autofree char *path = make_file ("huge", TEXT);
  g_autoptr (AlexnetFile) file = open_file (path);
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_file_read_bytes (file, 0, G_MAXSIZE, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
}

static void
test_cut (void)
{
  g_autofree char *path = make_file ("cut", TEXT);
  g_autoptr (AlexnetFile) file = open_file (path);

  g_assert_cmpint (truncate (path, 4), ==, 0);
  assert_refused (file, 2, 8,
      "was cut short from 10 to 4 bytes since it was opened");
  assert_refused (file, 0, 2,
      "was cut short from 10 to 4 bytes since it was opened");
}

/* Other bytes in the same place, at another time. */
static void
test_rewritten (void)
{
  g_autofree char *path = make_file ("rewritten", TEXT);
  g_autoptr (AlexnetFile) file = open_file (path);
  struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = 1 } };
  int fd = open (path, O_WRONLY);

  g_assert_cmpint (write (fd, "abc", 3), ==, 3);
  g_assert_cmpint (futimens (fd, times), ==, 0);
  close (fd);
  assert_refused (file, 0, 10, "was changed since it was opened");
  g_assert_false (alexnet_file_is_current (file));
}

/* What was opened stays what it was. */
static void
test_replaced (void)
{
  g_autofree char *path = make_file ("replaced", TEXT);
  g_autoptr (AlexnetFile) file = open_file (path);
  g_autoptr (AlexnetFile) same = open_file (path);
  g_autoptr (AlexnetFile) other = NULL;
  g_autofree char *newer = make_file ("newer", "abcdefghij");

  g_assert_true (alexnet_file_equal (file, same));
  g_assert_true (alexnet_file_is_current (file));
  g_assert_cmpint (g_rename (newer, path), ==, 0);
  other = open_file (path);
  g_assert_false (alexnet_file_equal (file, other));
  g_assert_false (alexnet_file_is_current (file));
  g_assert_true (alexnet_file_is_current (other));
  assert_bytes (file, 0, TEXT);
  assert_bytes (other, 0, "abcdefghij");
}

static void
assert_no_file (const char *path, const char *reason)
{
  g_autofree char *expected = g_strdup_printf ("cannot open %s: %s", path,
      reason);
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_file_open (path, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_no_file (void)
{
  g_autofree char *absent = make_path ("absent");
  g_autofree char *fifo = make_path ("fifo");

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_no_file (absent, "No such file or directory");
  assert_no_file (directory, "it is a directory, expected a regular file");
  assert_no_file (fifo, "it is a FIFO, expected a regular file");
  assert_no_file ("/dev/null", "it is a device, expected a regular file");
}

static void
test_no_permission (void)
{
  g_autofree char *path = make_file ("secret", TEXT);

  if (geteuid () == 0) {
    g_test_skip ("root may read everything");
    return;
  }
  g_assert_cmpint (chmod (path, 0), ==, 0);
  assert_no_file (path, "Permission denied");
}

typedef struct {
  const char *name;
  int code;
  const char *message;
} Beside;

static const Beside besides[] = {
  { "", ALEXNET_ERROR_FORMAT, "'' *the name is empty" },
  { "/etc/passwd", ALEXNET_ERROR_FORMAT, "the name is absolute" },
  { "..", ALEXNET_ERROR_FORMAT, "a part that is empty or '..'" },
  { "below/../beside", ALEXNET_ERROR_FORMAT, "a part that is empty or '..'" },
  { "below//other", ALEXNET_ERROR_FORMAT, "a part that is empty or '..'" },
  { "below/", ALEXNET_ERROR_FORMAT, "a part that is empty or '..'" },
  { "link", ALEXNET_ERROR_FORMAT, "a symbolic link in its way" },
  { "broken", ALEXNET_ERROR_FORMAT, "a symbolic link in its way" },
  { "linked/other", ALEXNET_ERROR_FORMAT, "a symbolic link in its way" },
  { "below", ALEXNET_ERROR_NOT_FOUND, "it is a directory" },
  { "pipe", ALEXNET_ERROR_NOT_FOUND, "it is a FIFO" },
  { "none", ALEXNET_ERROR_NOT_FOUND, "No such file or directory" },
  { "none/other", ALEXNET_ERROR_NOT_FOUND, "No such file or directory" },
  { "beside/other", ALEXNET_ERROR_NOT_FOUND, "Not a directory" },
  { "new\nline/..", ALEXNET_ERROR_FORMAT, "'new\\nline/..'" },
};

static void
make_link (const char *target, const char *name)
{
  g_autofree char *path = make_path (name);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

/* A directory "below" with a file in it, links to both, and a FIFO. */
static void
make_neighbours (void)
{
  g_autofree char *below = make_path ("below");
  g_autofree char *pipe = make_path ("pipe");
  G_GNUC_UNUSED g_autofree char *beside = make_file ("beside", "beside");
  g_autofree char *other = NULL;

  g_assert_cmpint (g_mkdir (below, 0700), ==, 0);
  other = make_file ("below/other", "other");
  make_link ("beside", "link");
  make_link ("absent", "broken");
  make_link ("below", "linked");
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
}

static void
assert_beside (const AlexnetFile *file, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AlexnetFile) other = alexnet_file_open_beside (file, name, &error);

  g_assert_no_error (error);
  assert_bytes (other, 0, text);
}

static void
assert_refused_beside (const AlexnetFile *file, const char *name)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_file_open_beside (file, name, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
}

static void
test_beside (void)
{
  g_autofree char *path = make_file ("model", TEXT);
  g_autoptr (AlexnetFile) file = open_file (path);

  make_neighbours ();
  assert_beside (file, "beside", "beside");
  assert_beside (file, "./beside", "beside");
  assert_beside (file, "below/other", "other");
  for (guint i = 0; i < G_N_ELEMENTS (besides); i++) {
    g_autofree char *pattern = g_strdup_printf ("*%s*", besides[i].message);
    g_autoptr (GError) error = NULL;

    g_assert_null (alexnet_file_open_beside (file, besides[i].name, &error));
    g_assert_error (error, ALEXNET_ERROR, besides[i].code);
    if (!g_pattern_match_simple (pattern, error->message))
      g_error ("%s: %s", besides[i].name, error->message);
  }
}

/* Beside the snapshot's model, a link to "blobs/model"; NULL: it is refused. */
static const struct {
  const char *name, *text;
} linked[] = {
  { "weights", "weights" },  /* -> blobs/weights */
  { "twice", "weights" },    /* -> weights */
  { "outside", NULL },       /* -> beside the snapshot */
  { "below", NULL },         /* -> blobs/below/weights */
  { "blobs/weights", NULL }, /* by a link to the directory */
  { "./weights", NULL },     /* further than beside it */
  { "lost", NULL },          /* -> blobs/lost, which is not there */
  { "../outside", NULL },
};

static void
make_directory (const char *name)
{
  g_autofree char *path = make_path (name);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
}

/* As Hugging Face keeps what it fetched. */
static void
make_cache (void)
{
  static const struct {
    const char *name, *text;
  } files[] = {
    { "cache/blobs/model", TEXT },
    { "cache/blobs/weights", "weights" },
    { "cache/blobs/below/weights", "weights" },
    { "cache/outside", "outside" },
  };

  make_directory ("cache/blobs/below");
  make_directory ("cache/snapshots/1");
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    g_free (make_file (files[i].name, files[i].text));
  make_link ("../../blobs/model", "cache/snapshots/1/model");
  make_link ("../../blobs/weights", "cache/snapshots/1/weights");
  make_link ("weights", "cache/snapshots/1/twice");
  make_link ("../../outside", "cache/snapshots/1/outside");
  make_link ("../../blobs/below/weights", "cache/snapshots/1/below");
  make_link ("../../blobs", "cache/snapshots/1/blobs");
  make_link ("../../blobs/lost", "cache/snapshots/1/lost");
}

static void
test_beside_linked (void)
{
  g_autofree char *path = make_path ("cache/snapshots/1/model");
  g_autofree char *weights = make_path ("cache/snapshots/1/weights");
  g_autoptr (AlexnetFile) file = NULL;

  make_cache ();
  file = open_file (path);
  for (guint i = 0; i < G_N_ELEMENTS (linked); i++)
    if (linked[i].text)
      assert_beside (file, linked[i].name, linked[i].text);
    else
      assert_refused_beside (file, linked[i].name);

  /* A file of its own in the snapshot, and then another model. */
  g_assert_cmpint (g_remove (weights), ==, 0);
  g_free (make_file ("cache/snapshots/1/weights", "own"));
  assert_beside (file, "weights", "own");
  assert_refused_beside (file, "lost");
  g_assert_cmpint (g_remove (path), ==, 0);
  make_link ("../../outside", "cache/snapshots/1/model");
  assert_refused_beside (file, "outside");
}

/* By a path without a directory; and from memory, where there is none. */
static void
test_beside_bare (void)
{
  g_autofree char *path = make_file ("bare", TEXT);
  g_autofree char *before = g_get_current_dir ();
  g_autoptr (GBytes) bytes = g_bytes_new_static (TEXT, strlen (TEXT));
  g_autoptr (AlexnetFile) memory = alexnet_file_new_from_bytes (bytes, path);
  g_autoptr (AlexnetFile) file = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_chdir (directory), ==, 0);
  file = open_file ("bare");
  assert_beside (file, "bare", TEXT);
  g_assert_cmpint (g_chdir (before), ==, 0);
  g_assert_null (alexnet_file_open_beside (memory, "bare", &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *entry = g_build_filename (path, name, NULL);

    if (!g_file_test (entry, G_FILE_TEST_IS_SYMLINK))
      remove_all (entry);
    g_remove (entry);
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  directory = g_dir_make_tmp ("alexnet-test-XXXXXX", NULL);
  g_test_add_func ("/file/read", test_read);
  g_test_add_func ("/file/memory", test_memory);
  g_test_add_func ("/file/huge", test_huge);
  g_test_add_func ("/file/cut", test_cut);
  g_test_add_func ("/file/rewritten", test_rewritten);
  g_test_add_func ("/file/replaced", test_replaced);
  g_test_add_func ("/file/none", test_no_file);
  g_test_add_func ("/file/no-permission", test_no_permission);
  g_test_add_func ("/file/beside", test_beside);
  g_test_add_func ("/file/beside/bare", test_beside_bare);
  g_test_add_func ("/file/beside/linked", test_beside_linked);
  status = g_test_run ();
  remove_all (directory);
  g_rmdir (directory);
  g_free (directory);
  return status;
}
