/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A few thousand seeded mutations of good model files, or the files that are
 * given as arguments, through fuzz_model(). */

#include <string.h>

#include "fuzz-model.h"

#define N_MUTATIONS 500
#define MAX_CHANGES 6
#define STRUCTURE 3000 /* bytes at either end that are not mere weights */

static const char *const models[] = {
  "models/torchvision-narrow.safetensors",
  "models/torchvision-narrow-f16.safetensors",
  "models/torchvision-narrow.pth",
  "models/torchvision-narrow-legacy.pth",
  "models/caffe-narrow-f16.safetensors",
  "models/caffe-narrow.pth",
  "models/caffe-narrow-legacy.pth",
  "torch/module-1.13.pth",
  "torch/examples-2.14.pth",
  "torch/protocol5-2.14.pth",
  "torch/dtypes-2.14.pth",
  "torch/legacy-module-2.14.pth",
  "torch/scripted-2.14.pt",
  "torch/exported-2.14.pt2",
  "torch/arrays-python2-1.13.npy",
  "torch/arrays-2.14.npy",
};

static GByteArray *
read_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_byte_array_new_take ((guint8 *) data, size);
}

/* Most often in the first or last bytes, where the structure is. */
static guint
pick_place (GRand *random, const GByteArray *file)
{
  guint span = MIN (STRUCTURE, file->len);
  guint at = (guint) g_rand_int_range (random, 0, (int) span);

  switch (g_rand_int_range (random, 0, 8)) {
    case 0:
      return (guint) g_rand_int_range (random, 0, (int) file->len);
    case 1:
    case 2:
    case 3:
      return file->len - 1 - at;
    default:
      return at;
  }
}

static void
put_number (GRand *random, GByteArray *file, guint at)
{
  static const guint64 numbers[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff,
    0x7fffffff, 0x80000000, 0xffffffff, G_MAXINT64, G_MAXUINT64 };
  guint64 number =
      numbers[g_rand_int_range (random, 0, G_N_ELEMENTS (numbers))];
  guint n = 1u << g_rand_int_range (random, 0, 4);

  for (guint i = 0; i < n && at + i < file->len; i++)
    file->data[at + i] = (guint8) (number >> 8 * i);
}

/* Copies a few bytes from one place to another. */
static void
copy_piece (GRand *random, GByteArray *file, guint to)
{
  guint from = pick_place (random, file);
  guint n = (guint) g_rand_int_range (random, 1, 32);

  n = MIN (n, file->len - MAX (from, to));
  memmove (file->data + to, file->data + from, n);
}

static void
change (GRand *random, GByteArray *file)
{
  guint at = pick_place (random, file), n;

  switch (g_rand_int_range (random, 0, 6)) {
    case 0:
      file->data[at] ^= (guint8) (1u << g_rand_int_range (random, 0, 8));
      break;
    case 1:
      file->data[at] = (guint8) g_rand_int_range (random, 0, 256);
      break;
    case 2:
      put_number (random, file, at);
      break;
    case 3:
      copy_piece (random, file, at);
      break;
    case 4:
      if (g_ascii_isdigit (file->data[at]))
        file->data[at] = (guint8) g_rand_int_range (random, '0', '9' + 1);
      break;
    default:
      n = (guint) g_rand_int_range (random, 1, 8);
      g_byte_array_remove_range (file, at, MIN (file->len - at, n));
  }
}

static void
test_mutations (gconstpointer name)
{
  g_autofree char *path = g_build_filename (g_getenv ("ALEXNET_TEST_DATA"),
      name, NULL);
  g_autoptr (GByteArray) original = read_file (path);
  GRand *random = g_rand_new_with_seed (g_str_hash (name));
  guint n_loaded = 0;

  g_assert_true (fuzz_model (original->data, original->len));
  for (guint i = 0; i < N_MUTATIONS; i++) {
    g_autoptr (GByteArray) file = g_byte_array_sized_new (original->len);
    guint n = (guint) g_rand_int_range (random, 1, MAX_CHANGES + 1);

    g_byte_array_append (file, original->data, original->len);
    while (n-- > 0 && file->len > 0)
      change (random, file);
    n_loaded += fuzz_model (file->data, file->len);
  }
  g_rand_free (random);
  g_test_message ("%u of %d mutations still load", n_loaded, N_MUTATIONS);
  g_assert_cmpuint (n_loaded, <, N_MUTATIONS);
}

static void
test_file (gconstpointer path)
{
  g_autoptr (GByteArray) file = read_file (path);

  g_test_message ("%s",
      fuzz_model (file->data, file->len) ? "loads" : "refused");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; argc < 2 && i < G_N_ELEMENTS (models); i++) {
    g_autofree char *path = g_strconcat ("/fuzz/model/", models[i], NULL);

    g_test_add_data_func (path, models[i], test_mutations);
  }
  for (int i = 1; i < argc; i++) {
    g_autofree char *path = g_strdup_printf ("/fuzz/file/%d", i);

    g_test_add_data_func (path, argv[i], test_file);
  }
  return g_test_run ();
}
