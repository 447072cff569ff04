/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sidecar.h"

#include <string.h>

#include "labels.h"

/* As DIGITS, Caffe, PyTorch's users, Places365 and Keras name them. */
static const char *const labels_names[] = {
  "labels.txt",
  "synset_words.txt",
  "classes.txt",
  "imagenet_classes.txt",
  "imagenet1000_clsidx_to_labels.txt",
  "categories_places365.txt",
  "labels.json",
  "class_to_idx.json",
  "imagenet_class_index.json",
};

char **
alexnet_sidecar_find_labels (const char *model, guint n_classes,
    AlexnetFile **file, GPtrArray *notes)
{
  g_autofree char *dir = g_path_get_dirname (model);

  for (guint i = 0; i < G_N_ELEMENTS (labels_names); i++) {
    g_autofree char *name = g_build_filename (dir, labels_names[i], NULL);
    g_autoptr (AlexnetFile) found = NULL;
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) labels = NULL;

    if (!g_file_test (name, G_FILE_TEST_IS_REGULAR))
      continue;
    labels = alexnet_labels_load_file (name, &found, &error);
    if (labels && g_strv_length (labels) == n_classes) {
      *file = g_steal_pointer (&found);
      return g_steal_pointer (&labels);
    }
    g_ptr_array_add (notes,
        labels ? g_strdup_printf ("%s has %u labels for %u classes: not used",
                     name, g_strv_length (labels), n_classes)
               : g_strdup_printf ("not used: %s", error->message));
  }
  *file = NULL;
  return NULL;
}

static gboolean
is_mean (const char *name)
{
  return g_str_has_suffix (name, ".binaryproto") && strstr (name, "mean");
}

char *
alexnet_sidecar_find_mean (const char *model, GPtrArray *notes)
{
  g_autofree char *dir = g_path_get_dirname (model);
  g_autoptr (GDir) handle = g_dir_open (dir, 0, NULL);
  g_autofree char *first = NULL;
  const char *name;

  while (handle && (name = g_dir_read_name (handle))) {
    if (!is_mean (name))
      continue;
    if (first) {
      g_ptr_array_add (notes,
          g_strdup_printf ("%s has more than one *mean*.binaryproto: not used",
              dir));
      return NULL;
    }
    first = g_strdup (name);
  }
  return first ? g_build_filename (dir, first, NULL) : NULL;
}
