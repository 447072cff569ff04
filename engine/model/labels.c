/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "labels.h"

#include <gio/gio.h>
#include <string.h>

#include "alexnet-resources.h"
#include "formats/formats.h"
#include "formats/json.h"

#define MAX_TEXT ALEXNET_MAX_JSON
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Texts in which each label has its class's number: a Python dict, be it a
 * class a line or all on one, and the list of Places365. A label of the dict
 * ends at the quote that an entry or the end of the text follows. */
static const char *const numbered[] = {
  "\\G\\{?\\s*(?<index>\\d+)\\s*:\\s*u?(?<quote>['\"])(?<label>.+?)\\k<quote>"
  "[\\s,}]*+(?=\\d+\\s*:|\\z)",
  "\\G/\\w/(?<label>\\S+)[ \\t]+(?<index>\\d+)(?:\\n|\\z)",
};

/* Labels by class while they are collected; NULL where none is known yet. */
static GPtrArray *
places_new (guint n)
{
  GPtrArray *places = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_set_size (places, (int) n);
  return places;
}

/* FALSE when there is no such place, or something in it. */
static gboolean
put (GPtrArray *places, gint64 index, const char *label)
{
  if (index < 0 || index >= places->len || places->pdata[index] ||
      label[0] == '\0')
    return FALSE;
  places->pdata[index] = g_strdup (label);
  return TRUE;
}

/* A NULL-terminated array of what is there. */
static char **
finish (GPtrArray *places)
{
  g_ptr_array_add (places, NULL);
  return (char **) g_ptr_array_steal (places, NULL);
}

/* Of a label as Python writes it between quotes. */
static void
remove_escapes (char *label)
{
  char *to = label;

  for (const char *from = label; *from; from++) {
    if (from[0] == '\\' && from[1] != '\0' && strchr ("'\"\\", from[1]))
      from++;
    *to++ = *from;
  }
  *to = '\0';
}

typedef struct {
  gint64 index;
  char *label;
} Entry;

static void
entry_clear (gpointer data)
{
  Entry *entry = data;

  g_free (entry->label);
}

/* Entry; NULL unless all of the text is such entries. */
static GArray *
find_entries (const char *text, const char *pattern)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_OPTIMIZE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  gboolean found = g_regex_match (regex, text, 0, &match);
  int end = 0;

  g_array_set_clear_func (entries, entry_clear);
  for (; found; found = g_match_info_next (match, NULL)) {
    g_autofree char *index = g_match_info_fetch_named (match, "index");
    Entry entry = { g_ascii_strtoll (index, NULL, 10),
      g_match_info_fetch_named (match, "label") };

    remove_escapes (entry.label);
    g_array_append_val (entries, entry);
    g_match_info_fetch_pos (match, 0, NULL, &end);
  }
  return text[end] == '\0' ? g_steal_pointer (&entries) : NULL;
}

/* All labels when every entry is like `pattern` and every number of 0 .. n - 1
 * is there; else NULL. */
static char **
parse_numbered (const char *text, const char *pattern)
{
  g_autoptr (GArray) entries = find_entries (text, pattern);
  g_autoptr (GPtrArray) places = places_new (entries ? entries->len : 0);

  for (guint i = 0; i < places->len; i++) {
    const Entry *entry = &g_array_index (entries, Entry, i);

    if (!put (places, entry->index, entry->label))
      return NULL;
  }
  return entries ? finish (places) : NULL;
}

/* A label a line, perhaps behind its number in WordNet: "n01440764 tench". */
static char **
parse_plain (const GPtrArray *lines)
{
  g_autoptr (GRegex)
      regex = g_regex_new ("^n\\d{8}[ \\t]+(?=\\S)", G_REGEX_OPTIMIZE, 0, NULL);
  char **labels = g_new0 (char *, lines->len);

  for (guint i = 0; lines->pdata[i]; i++)
    labels[i] = g_regex_replace_literal (regex, lines->pdata[i], -1, 0, "", 0,
        NULL);
  return labels;
}

/* What holds anything, NULL-terminated. */
static GPtrArray *
split_lines (char *text)
{
  GPtrArray *lines = g_ptr_array_new ();
  char *next;

  for (char *line = text; line; line = next) {
    next = strchr (line, '\n');
    if (next)
      *next++ = '\0';
    g_strstrip (line);
    if (line[0] != '\0' && line[0] != '#' && !g_str_equal (line, "{") &&
        !g_str_equal (line, "}"))
      g_ptr_array_add (lines, line);
  }
  g_ptr_array_add (lines, NULL);
  return lines;
}

/* Whether it is JSON or a Python dict, or else has a label a line. */
static gboolean
has_brackets (const char *text)
{
  return text[0] == '{' || text[0] == '[';
}

static char **
parse_lines (const char *text)
{
  g_autofree char *copy = g_strdup (text);
  g_autoptr (GPtrArray) lines = split_lines (copy);
  g_autofree char *joined = g_strjoinv ("\n", (char **) lines->pdata);
  char **labels = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (numbered) && !labels; i++)
    labels = parse_numbered (joined, numbered[i]);
  return labels || has_brackets (text) ? labels : parse_plain (lines);
}

/* "7": "cock", "7": ["n01514668", "cock"] as Keras writes it, or "cock": 7 as
 * PyTorch's class_to_idx. */
static gboolean
put_member (GPtrArray *places, const char *key, JsonNode *node)
{
  const char *label = alexnet_json_get_string (node);
  JsonArray *array = alexnet_json_get_array (node);
  char *end;
  gint64 index = g_ascii_strtoll (key, &end, 10);
  guint64 place;

  if (alexnet_json_get_size (node, &place))
    return put (places, (gint64) place, key);
  if (array && json_array_get_length (array) == 2)
    label = alexnet_json_get_string (json_array_get_element (array, 1));
  return label && end != key && *end == '\0' && put (places, index, label);
}

/* NULL: `wrong` says which member is. */
static char **
parse_object (JsonObject *object, char **wrong)
{
  g_autoptr (GPtrArray) places = places_new (json_object_get_size (object));
  JsonObjectIter iter;
  const char *key;
  JsonNode *node;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &key, &node))
    if (!put_member (places, key, node)) {
      g_autofree char *quoted = alexnet_quote (key);

      *wrong = g_strdup_printf ("member %s is no label for a class of its own, "
                                "0 to %u; ",
          quoted, places->len - 1);
      return NULL;
    }
  return finish (places);
}

/* NULL: `wrong` says which entry is. */
static char **
parse_array (JsonArray *array, char **wrong)
{
  guint n = json_array_get_length (array);
  g_autoptr (GPtrArray) places = places_new (n);

  for (guint i = 0; i < n; i++) {
    const char *label = alexnet_json_get_string (json_array_get_element (array,
        i));

    if (!label || !put (places, i, label)) {
      *wrong = g_strdup_printf ("the entry for class %u is %s; ", i,
          label ? "empty" : "no string");
      return NULL;
    }
  }
  return finish (places);
}

/* NULL when it holds something else, of which `wrong` may tell more. A text
 * that is no JSON may be a Python dict. */
static char **
parse_json (const char *text, char **wrong)
{
  g_autoptr (JsonNode)
      root = alexnet_json_parse (text, strlen (text), "labels", NULL);

  if (!root)
    return parse_lines (text);
  if (JSON_NODE_HOLDS_OBJECT (root))
    return parse_object (json_node_get_object (root), wrong);
  return parse_array (json_node_get_array (root), wrong);
}

/* Where it begins, behind a mark, white space and comments. */
static const char *
find_begin (const char *text)
{
  if (g_str_has_prefix (text, BYTE_ORDER_MARK))
    text += strlen (BYTE_ORDER_MARK);
  while (g_ascii_isspace (text[0]) || text[0] == '#')
    text += text[0] == '#' ? strcspn (text, "\n") : 1;
  return text;
}

/* NULL: brackets around something else than labels, of which `wrong`, to be
 * freed, may tell more. */
static char **
parse_labels (const char *text, char **wrong)
{
  text = find_begin (text);
  return has_brackets (text) ? parse_json (text, wrong) : parse_lines (text);
}

/* NULL when it cannot be read or is larger than any list of labels. */
static char *
read_text (const AlexnetFile *file, gsize *size, GError **error)
{
  g_autofree char *text = NULL;

  *size = (gsize) MIN (alexnet_file_get_size (file), (guint64) MAX_TEXT + 1);
  if (*size > MAX_TEXT) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "%s has %" G_GUINT64_FORMAT " bytes, expected at most %u",
        alexnet_file_get_path (file), alexnet_file_get_size (file), MAX_TEXT);
    return NULL;
  }
  text = g_malloc (*size + 1);
  text[*size] = '\0';
  return alexnet_file_read (file, 0, text, *size, error)
      ? g_steal_pointer (&text)
      : NULL;
}

/* Of the file at `path`. */
static char **
read_labels (const char *text, gsize size, const char *path, GError **error)
{
  g_autofree char *wrong = NULL;
  g_auto (GStrv) labels = NULL;

  if (!g_utf8_validate (text, (gssize) size, NULL)) {
    alexnet_format_error (error, "labels %s: not UTF-8 text", path);
    return NULL;
  }
  labels = parse_labels (text, &wrong);
  if (!labels) {
    alexnet_format_error (error,
        "labels %s: %sexpected one a line, a JSON array of strings, or an "
        "object or a Python dict that has a label for each number from 0 on",
        path, wrong ? wrong : "");
    return NULL;
  }
  if (!labels[0]) {
    alexnet_format_error (error,
        "labels %s: there is no label, expected one a line", path);
    return NULL;
  }
  return g_steal_pointer (&labels);
}

char **
alexnet_labels_load_file (const char *path, AlexnetFile **file, GError **error)
{
  g_autoptr (AlexnetFile) opened = alexnet_file_open (path, error);
  g_autofree char *text = NULL;
  char **labels;
  gsize size;

  *file = NULL;
  text = opened ? read_text (opened, &size, error) : NULL;
  if (!text) {
    g_prefix_error (error, "%s", "cannot read labels: ");
    return NULL;
  }
  labels = read_labels (text, size, path, error);
  if (labels)
    *file = g_steal_pointer (&opened);
  return labels;
}

char **
alexnet_labels_load (const char *path, GError **error)
{
  g_autoptr (AlexnetFile) file = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  return alexnet_labels_load_file (path, &file, error);
}

char **
alexnet_labels_imagenet (void)
{
  g_autoptr (GBytes)
      bytes = g_resource_lookup_data (alexnet_resources_get_resource (),
          "/alexnet/imagenet-labels.txt", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autofree char *text = NULL, *wrong = NULL;

  g_assert (bytes);
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return parse_labels (text, &wrong);
}
