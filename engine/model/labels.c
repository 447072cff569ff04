/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "labels.h"

#include <gio/gio.h>
#include <string.h>

#include "alexnet-resources.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define WORDNET_DIGITS 8

/* Behind "n01440764 ", if the line begins so. */
static const char *
skip_wordnet_id (const char *line)
{
  gsize i = 1;

  if (line[0] != 'n')
    return line;
  while (i <= WORDNET_DIGITS && g_ascii_isdigit (line[i]))
    i++;
  if (i <= WORDNET_DIGITS || (line[i] != ' ' && line[i] != '\t'))
    return line;
  while (line[i] == ' ' || line[i] == '\t')
    i++;
  return line + i;
}

static char **
parse_labels (const char *text, gsize size)
{
  g_autofree char *copy = g_strndup (text, size);
  g_auto (GStrv) lines = NULL;
  GPtrArray *labels = g_ptr_array_new ();

  lines = g_strsplit (g_str_has_prefix (copy, BYTE_ORDER_MARK)
          ? copy + strlen (BYTE_ORDER_MARK)
          : copy,
      "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    const char *label = g_strstrip (lines[i]);

    if (label[0] == '#')
      continue;
    label = skip_wordnet_id (label);
    if (label[0] != '\0')
      g_ptr_array_add (labels, g_strdup (label));
  }
  g_ptr_array_add (labels, NULL);
  return (char **) g_ptr_array_free (labels, FALSE);
}

char **
alexnet_labels_load (const char *path, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) labels = NULL;
  gsize size;

  g_return_val_if_fail (path != NULL, NULL);

  if (!g_file_get_contents (path, &text, &size, &cause)) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
        "cannot read labels: %s", cause->message);
    return NULL;
  }
  if (!g_utf8_validate (text, (gssize) size, NULL)) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "labels %s: not UTF-8 text", path);
    return NULL;
  }
  labels = parse_labels (text, size);
  if (!labels[0]) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "labels %s: there is no label, expected one a line", path);
    return NULL;
  }
  return g_steal_pointer (&labels);
}

char **
alexnet_labels_imagenet (void)
{
  g_autoptr (GBytes)
      bytes = g_resource_lookup_data (alexnet_resources_get_resource (),
          "/alexnet/imagenet-labels.txt", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  gsize size;
  const char *text;

  g_assert (bytes);
  text = g_bytes_get_data (bytes, &size);
  return parse_labels (text, size);
}
