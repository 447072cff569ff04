/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alexnet.h"
#include "model/labels.h"
#include "support/cases.h"
#include "support/says.h"

typedef struct {
  const char *name;
  const char *text;
  gssize size;           /* -1: up to the terminator */
  const char *labels[4]; /* none: FORMAT */
} Case;

static const Case cases[] = {
  { "lf", "cat\ndog\n", -1, { "cat", "dog" } },
  { "crlf", "cat\r\ndog\r\n", -1, { "cat", "dog" } },
  { "no-final-newline", "cat\ndog", -1, { "cat", "dog" } },
  { "byte-order-mark",
      "\xef\xbb\xbf"
      "cat\ndog\n",
      -1, { "cat", "dog" } },
  { "comments-and-empty-lines", "# pets\n\ncat\n  \n#x\ndog\n\n", -1,
      { "cat", "dog" } },
  { "wordnet", "n01440764 tench, Tinca tinca\nn01443537\tgoldfish\n", -1,
      { "tench, Tinca tinca", "goldfish" } },
  { "not-wordnet", "n0144 x\nn01440764x\nnet\n", -1,
      { "n0144 x", "n01440764x", "net" } },
  { "places365", "/a/airfield 0\n/a/apartment_building/outdoor 1\n", -1,
      { "airfield", "apartment_building/outdoor" } },
  { "places365-shuffled", "/b/bar 1\n/a/airfield 0\n", -1,
      { "airfield", "bar" } },
  { "almost-places365", "/a/airfield 0\n/b/bar\n", -1,
      { "/a/airfield 0", "/b/bar" } },
  { "python-dict", "{0: 'tench, Tinca tinca',\n 1: \"cat's eye\",\n 2: 'x'}\n",
      -1, { "tench, Tinca tinca", "cat's eye", "x" } },
  { "python-dict-braces", "{\n1: u'dog',\n0: u'cat',\n}\n", -1,
      { "cat", "dog" } },
  { "python-dict-line", "{0: 'cat', 1: 'dog', 2: \"cat's eye\"}", -1,
      { "cat", "dog", "cat's eye" } },
  { "python-dict-wrapped", "{2: 'x', 0: 'cat',\r\n 1: 'dog'}\r\n", -1,
      { "cat", "dog", "x" } },
  { "python-dict-indented", "\n  {0: 'cat', 1: 'dog'}", -1, { "cat", "dog" } },
  { "python-dict-escapes", "{0: 'cat\\'s \"eye\"', 1: 'a\\\\b'}", -1,
      { "cat's \"eye\"", "a\\b" } },
  { "python-dict-loose", "0: 'cat's eye'\n1: 'dog'\n", -1,
      { "cat's eye", "dog" } },
  { "python-dict-line-gap", "{0: 'cat', 2: 'dog'}", -1, { NULL } },
  { "python-dict-line-broken", "{0: 'cat', 1: dog, 2: 'x'}", -1, { NULL } },
  { "python-dict-gap", "{0: 'cat',\n 2: 'dog'}\n", -1, { NULL } },
  { "keras",
      "{\"1\": [\"n01443537\", \"goldfish\"], "
      "\"0\": [\"n01440764\", \"tench\"]}",
      -1, { "tench", "goldfish" } },
  { "class-to-idx", "{\"dog\": 1, \"cat\": 0}", -1, { "cat", "dog" } },
  { "json-array", "[\"cat\", \"dog\"]\n", -1, { "cat", "dog" } },
  { "json-indented", " \t{\"dog\": 1, \"cat\": 0}", -1, { "cat", "dog" } },
  { "json-below", "\r\n\n[\"cat\", \"dog\"]", -1, { "cat", "dog" } },
  { "json-below-mark",
      "\xef\xbb\xbf"
      "\n{\"0\": \"cat\"}",
      -1, { "cat" } },
  { "json-below-comment", "# pets\n[\"cat\", \"dog\"]", -1, { "cat", "dog" } },
  { "json-below-broken", "\n[\"cat\", \"dog\"", -1, { NULL } },
  { "json-twice", "{\"dog\": 0, \"cat\": 0}", -1, { NULL } },
  { "json-other", "{\"classes\": {\"n\": 2}}", -1, { NULL } },
  { "json-numbers", "[1, 2]", -1, { NULL } },
  { "json-broken", "[\"cat\", \"dog\"", -1, { NULL } },
  { "utf-8", "Kätzchen\n猫\n", -1, { "Kätzchen", "猫" } },
  { "blanks", "  cat \n\tdog\t\n", -1, { "cat", "dog" } },
  { "empty", "", -1, { NULL } },
  { "only-comments", "# nothing\n", -1, { NULL } },
  { "latin-1", "K\xe4tzchen\n", -1, { NULL } },
  { "binary", "cat\0dog\n", 8, { NULL } },
};

/* Name, text, what is told. */
static const char *const entries[][3] = {
  { "empty", "[\"cat\", \"\", \"cow\"]", "the entry for class 1 is empty" },
  { "number", "[\"cat\", \"dog\", 3]", "the entry for class 2 is no string" },
  { "member", "{\"cat\": 0, \"dog\": 7}", "'dog'" },
  { "key", "{\"0\": \"cat\", \"one\": \"dog\"}", "'one'" },
};

static char *dir;

static char *
write_file (const char *text, gssize size)
{
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (dir, "labels", NULL);

  g_file_set_contents (path, text, size, &error);
  g_assert_no_error (error);
  return path;
}

static void
test_case (gconstpointer data)
{
  const Case *t = data;
  g_autofree char *path = write_file (t->text, t->size);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) labels = alexnet_labels_load (path, &error);

  g_remove (path);
  if (!t->labels[0]) {
    g_assert_null (labels);
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
    assert_says (error->message, path);
    return;
  }
  g_assert_no_error (error);
  g_assert_cmpstrv (labels, (char **) t->labels);
}

/* Of many entries, which one is wrong. */
static void
test_entry (gconstpointer data)
{
  const char *const *t = data;
  g_autofree char *path = write_file (t[1], -1);
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_labels_load (path, &error));
  g_remove (path);
  g_test_message ("%s", error->message);
  assert_says (error->message, t[2]);
  assert_says (error->message, "; expected one a line");
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_labels_load ("/no/such/file", &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND);
  assert_says (error->message, "/no/such/file");
}

/* Nobody writes to it, so that reading would never end. */
static void
test_fifo (void)
{
  g_autofree char *path = g_build_filename (dir, "fifo", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_null (alexnet_labels_load (path, &error));
  g_remove (path);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND);
  assert_says (error->message, "a FIFO");
}

static void
test_large (void)
{
  g_autofree char *path = write_file ("a", 1);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (truncate (path, 100000000), ==, 0);
  g_assert_null (alexnet_labels_load (path, &error));
  g_remove (path);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message,
      "has 100000000 bytes, expected at most 16777216");
}

static void
test_imagenet (void)
{
  g_auto (GStrv) labels = alexnet_labels_imagenet ();

  g_assert_cmpuint (g_strv_length (labels), ==, ALEXNET_N_IMAGENET_LABELS);
  g_assert_cmpstr (labels[0], ==, "tench");
  g_assert_cmpstr (labels[258], ==, "Samoyed");
  g_assert_cmpstr (labels[999], ==, "toilet tissue");
}

static void
test_top_k (void)
{
  const float values[] = { 0.1f, 0.4f, 0.2f, 0.4f, 0.05f };
  guint indices[5];

  g_assert_cmpuint (alexnet_top_k (values, 5, 3, indices), ==, 3);
  g_assert_cmpuint (indices[0], ==, 1);
  g_assert_cmpuint (indices[1], ==, 3);
  g_assert_cmpuint (indices[2], ==, 2);
  g_assert_cmpuint (alexnet_top_k (values, 2, 5, indices), ==, 2);
  g_assert_cmpuint (indices[0], ==, 1);
  g_assert_cmpuint (indices[1], ==, 0);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("alexnet-labels-XXXXXX", NULL);
  g_assert_nonnull (dir);

  ADD_NAMED_CASES ("/labels", cases, test_case);
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++) {
    g_autofree char *path = g_strconcat ("/labels/entry/", entries[i][0], NULL);

    g_test_add_data_func (path, entries[i], test_entry);
  }
  g_test_add_func ("/labels/missing", test_missing);
  g_test_add_func ("/labels/fifo", test_fifo);
  g_test_add_func ("/labels/large", test_large);
  g_test_add_func ("/labels/imagenet", test_imagenet);
  g_test_add_func ("/alexnet/top-k", test_top_k);
  status = g_test_run ();
  g_rmdir (dir);
  g_free (dir);
  return status;
}
