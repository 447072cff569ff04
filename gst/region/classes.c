/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "classes.h"

static void
make_room (GstAlexnetClasses *classes, guint n)
{
  classes->n = n;
  classes->class_ids = g_new (guint, n);
  classes->confidences = g_new (float, n);
}

GstAlexnetClasses *
gst_alexnet_classes_new (const AlexnetResult *view)
{
  GstAlexnetClasses *classes = g_atomic_rc_box_new0 (GstAlexnetClasses);

  classes->n_classes = view->n_classes;
  classes->n_embedding = view->n_embedding;
  if (view->embedding)
    classes->embedding = g_new0 (float, view->n_embedding);
  if (view->probabilities) {
    classes->probabilities = g_new0 (float, view->n_classes);
    return classes;
  }
  make_room (classes, view->n_best);
  for (guint i = 0; i < view->n_best; i++) {
    classes->class_ids[i] = view->best[i].class_id;
    classes->confidences[i] = view->best[i].probability;
  }
  return classes;
}

GstAlexnetClasses *
gst_alexnet_classes_ref (GstAlexnetClasses *classes)
{
  return g_atomic_rc_box_acquire (classes);
}

static void
clear (gpointer data)
{
  GstAlexnetClasses *classes = data;

  g_free (classes->probabilities);
  g_free (classes->embedding);
  g_free (classes->class_ids);
  g_free (classes->confidences);
}

void
gst_alexnet_classes_unref (GstAlexnetClasses *classes)
{
  g_atomic_rc_box_release_full (classes, clear);
}

static void
find_best (GstAlexnetClasses *classes, guint k)
{
  make_room (classes, k);
  alexnet_top_k (classes->probabilities, classes->n_classes, k,
      classes->class_ids);
  for (guint i = 0; i < k; i++)
    classes->confidences[i] = classes->probabilities[classes->class_ids[i]];
}

void
gst_alexnet_classes_rank (GstAlexnetClasses *classes, guint top_k,
    float threshold)
{
  if (classes->probabilities)
    find_best (classes, MIN (top_k, classes->n_classes));
  classes->n = MIN (classes->n, top_k);
  while (classes->n > 0 && classes->confidences[classes->n - 1] < threshold)
    classes->n--;
}

/* The name up to a comma or the end, where `list` is put. */
static char *
take_name (const char **list)
{
  GString *name = g_string_new (NULL);
  const char *c = *list;

  for (; *c && *c != ','; c++) {
    if (*c == '\\' && (c[1] == ',' || c[1] == '\\'))
      c++;
    g_string_append_c (name, *c);
  }
  *list = c;
  return g_strstrip (g_string_free (name, FALSE));
}

char **
gst_alexnet_class_names_split (const char *list)
{
  GPtrArray *names;

  if (!list || !*list)
    return NULL;
  names = g_ptr_array_new ();
  g_ptr_array_add (names, take_name (&list));
  while (*list++ == ',')
    g_ptr_array_add (names, take_name (&list));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}
