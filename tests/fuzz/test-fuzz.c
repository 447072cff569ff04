/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The seeds of a target and then, for SECONDS, mutations of them, always the
 * same in the same order:
 *     test-fuzz TARGET              $FUZZ_KEEP: a file for each before it runs
 *     test-fuzz TARGET FILE...      only these files
 *     test-fuzz TARGET --seeds DIR  writes the seeds there */

#include <string.h>

#include "fuzz.h"

#define MAX_CHANGES 6
#define STRUCTURE 3000 /* bytes at either end that are not mere weights */

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

static GByteArray *
mutate (GRand *random, GBytes *seed)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (seed, &size);
  GByteArray *file = g_byte_array_sized_new ((guint) size);
  guint n = (guint) g_rand_int_range (random, 1, MAX_CHANGES + 1);

  g_byte_array_append (file, data, (guint) size);
  while (n-- > 0 && file->len > 0)
    change (random, file);
  return file;
}

static gboolean
run (const FuzzTarget *target, const guint8 *data, gsize size)
{
  const char *keep = g_getenv ("FUZZ_KEEP");

  if (keep)
    g_assert_true (g_file_set_contents (keep, (const char *) data,
        (gssize) size, NULL));
  return fuzz_run (target, data, size);
}

/* A mutation of each seed in turn, round after round, as long as there is
 * time. */
static void
run_mutations (const FuzzTarget *target, GHashTable *seeds, GList *names)
{
  gint64 end = g_get_monotonic_time () + SECONDS * G_USEC_PER_SEC;
  GRand *random = g_rand_new_with_seed (1);
  guint n = 0, n_read = 0;

  for (GList *name = names; g_get_monotonic_time () < end;
      name = name->next ? name->next : names) {
    g_autoptr (GByteArray) file = mutate (random,
        g_hash_table_lookup (seeds, name->data));

    n_read += run (target, file->data, file->len);
    n++;
  }
  g_rand_free (random);
  g_test_message ("%u of %u mutations are still read", n_read, n);
  g_assert_cmpuint (n_read, <, n);
}

static void
test_target (gconstpointer target)
{
  g_autoptr (GHashTable) seeds = fuzz_seeds (target);
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (seeds),
      (GCompareFunc) g_strcmp0);
  guint n_read = 0;

  for (GList *name = names; name; name = name->next) {
    GBytes *seed = g_hash_table_lookup (seeds, name->data);

    n_read += run (target, g_bytes_get_data (seed, NULL),
        g_bytes_get_size (seed));
  }
  g_test_message ("%u of %u seeds are read", n_read,
      g_hash_table_size (seeds));
  g_assert_nonnull (names);
  run_mutations (target, seeds, names);
}

static int
replay (const FuzzTarget *target, char **paths)
{
  for (; *paths; paths++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *data = NULL;
    gsize size;

    g_file_get_contents (*paths, &data, &size, &error);
    g_assert_no_error (error);
    g_print ("%s: %s\n", *paths,
        fuzz_run (target, (const guint8 *) data, size) ? "read" : "refused");
  }
  return 0;
}

static int
write_seeds (const FuzzTarget *target, const char *folder)
{
  g_autoptr (GHashTable) seeds = fuzz_seeds (target);
  GHashTableIter iter;
  gpointer name, seed;

  g_hash_table_iter_init (&iter, seeds);
  while (g_hash_table_iter_next (&iter, &name, &seed)) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    g_assert_true (g_file_set_contents (path, g_bytes_get_data (seed, NULL),
        (gssize) g_bytes_get_size (seed), NULL));
  }
  return 0;
}

int
main (int argc, char **argv)
{
  const FuzzTarget *target;

  g_test_init (&argc, &argv, NULL);
  target = argc > 1 ? fuzz_find (argv[1]) : NULL;
  if (!target)
    g_error ("usage: test-fuzz TARGET [FILE... | --seeds DIR]");
  if (argc == 4 && g_str_equal (argv[2], "--seeds"))
    return write_seeds (target, argv[3]);
  if (argc > 2)
    return replay (target, argv + 2);
  g_test_add_data_func ("/fuzz", target, test_target);
  return g_test_run ();
}
