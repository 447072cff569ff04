/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include <string.h>

#include "support/data-path.h"

const FuzzTarget *
fuzz_find (const char *name)
{
  for (const FuzzTarget *target = fuzz_targets; target->name; target++)
    if (g_strcmp0 (target->name, name) == 0)
      return target;
  return NULL;
}

static GBytes *
make_seed (const FuzzTarget *target, const AlexnetFile *file)
{
  guint8 head[ALEXNET_HEAD_SIZE];
  guint64 size = alexnet_file_get_size (file);
  gsize head_size = (gsize) MIN (size, sizeof head);

  g_assert_true (alexnet_file_read (file, 0, head, head_size, NULL));
  if (!target->detect (head, head_size, size))
    return NULL;
  return target->cut ? target->cut (file)
                     : alexnet_file_read_bytes (file, 0, (gsize) size, NULL);
}

static void
add_seeds (GHashTable *seeds, const FuzzTarget *target, const char *folder)
{
  g_autofree char *path = data_path (folder);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *full = g_build_filename (path, name, NULL);
    g_autoptr (AlexnetFile) file = alexnet_file_open (full, NULL);
    GBytes *seed = file ? make_seed (target, file) : NULL;

    if (seed)
      g_hash_table_insert (seeds, g_strdup (name), seed);
  }
}

GHashTable *
fuzz_seeds (const FuzzTarget *target)
{
  static const char *const folders[] = { "caffe", "models",
    "models/torchvision-narrow-sharded", "onnx", "torch" };
  GHashTable *seeds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      (GDestroyNotify) g_bytes_unref);

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    add_seeds (seeds, target, folders[i]);
  return seeds;
}

static void
check_error (const GError *error)
{
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strpbrk (error->message, "\n\r"));
}

gboolean
fuzz_run (const FuzzTarget *target, const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (AlexnetFile) file = alexnet_file_new_from_bytes (bytes, "fuzz");
  g_autoptr (GError) error = NULL;

  if (target->run (target, file, &error)) {
    g_assert_no_error (error);
    return TRUE;
  }
  check_error (error);
  return FALSE;
}
