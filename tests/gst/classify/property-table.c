/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tables of the elements' properties in Markdown, made from the elements.
 * Without an argument they are printed; with paths of files they are compared
 * with what stands there between <!-- properties of ELEMENT --> and
 * <!-- /properties -->. */

#include <gst/gst.h>

#define BEGIN "<!-- properties of %s -->\n"
#define END "<!-- /properties -->"

static const char *const elements[] = {
  "alexnetclassify",
#if HAVE_OVERLAY
  "classificationoverlay",
#endif
  "classificationjson",
#if HAVE_KAFKA
  "classificationkafka",
#endif
};

static const char *
describe_mutability (const GParamSpec *pspec)
{
  if (!(pspec->flags & G_PARAM_WRITABLE))
    return "read only";
  return pspec->flags & GST_PARAM_MUTABLE_PLAYING ? "any time" : "up to READY";
}

static void
append_nick (GString *list, const char *nick)
{
  g_string_append_printf (list, "%s%s", list->len ? ", " : "", nick);
}

static char *
list_enum (GEnumClass *klass)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < klass->n_values; i++)
    append_nick (list, klass->values[i].value_nick);
  return g_string_free (list, FALSE);
}

static char *
list_flags (GFlagsClass *klass, guint which)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < klass->n_values; i++)
    if (klass->values[i].value & which)
      append_nick (list, klass->values[i].value_nick);
  return g_string_free (list, FALSE);
}

/* With the ends that are narrower than those of the type. */
static char *
describe_range (const char *kind, double min, double max)
{
  if (max < G_MAXINT - 1)
    return g_strdup_printf ("%s %g..%g", kind, min, max);
  return min == 0 ? g_strdup (kind) : g_strdup_printf ("%s from %g", kind, min);
}

/* NULL when it is no number. */
static char *
describe_number (GParamSpec *pspec)
{
  if (G_IS_PARAM_SPEC_INT (pspec))
    return describe_range ("whole number", G_PARAM_SPEC_INT (pspec)->minimum,
        G_PARAM_SPEC_INT (pspec)->maximum);
  if (G_IS_PARAM_SPEC_UINT (pspec))
    return describe_range ("whole number", G_PARAM_SPEC_UINT (pspec)->minimum,
        G_PARAM_SPEC_UINT (pspec)->maximum);
  if (G_IS_PARAM_SPEC_UINT64 (pspec))
    return describe_range ("whole number",
        (double) G_PARAM_SPEC_UINT64 (pspec)->minimum,
        (double) G_PARAM_SPEC_UINT64 (pspec)->maximum);
  if (G_IS_PARAM_SPEC_FLOAT (pspec))
    return describe_range ("number", G_PARAM_SPEC_FLOAT (pspec)->minimum,
        G_PARAM_SPEC_FLOAT (pspec)->maximum);
  return NULL;
}

static char *
describe_type (GParamSpec *pspec)
{
  GType type = pspec->value_type;
  char *number = describe_number (pspec);

  if (number)
    return number;
  if (G_IS_PARAM_SPEC_ENUM (pspec))
    return list_enum (G_PARAM_SPEC_ENUM (pspec)->enum_class);
  if (G_IS_PARAM_SPEC_FLAGS (pspec))
    return list_flags (G_PARAM_SPEC_FLAGS (pspec)->flags_class, G_MAXUINT);
  if (type == GST_TYPE_ARRAY)
    return g_strdup ("`<number,number,number>` or `<number>`");
  if (type == GST_TYPE_STRUCTURE)
    return g_strdup ("structure");
  return g_strdup (type == G_TYPE_BOOLEAN ? "boolean" : "string");
}

static char *
describe_default (GParamSpec *pspec)
{
  const GValue *value = g_param_spec_get_default_value (pspec);

  if (!(pspec->flags & G_PARAM_WRITABLE) || G_IS_PARAM_SPEC_BOXED (pspec) ||
      pspec->value_type == GST_TYPE_ARRAY)
    return g_strdup ("");
  if (G_IS_PARAM_SPEC_STRING (pspec))
    return g_value_get_string (value) ? g_value_dup_string (value)
                                      : g_strdup ("");
  if (G_IS_PARAM_SPEC_FLOAT (pspec))
    return g_strdup_printf ("%g", g_value_get_float (value));
  if (G_IS_PARAM_SPEC_ENUM (pspec))
    return g_strdup (g_enum_get_value (G_PARAM_SPEC_ENUM (pspec)->enum_class,
        g_value_get_enum (value))
                         ->value_nick);
  if (G_IS_PARAM_SPEC_FLAGS (pspec))
    return list_flags (G_PARAM_SPEC_FLAGS (pspec)->flags_class,
        g_value_get_flags (value));
  return gst_value_serialize (value);
}

static void
append_row (GString *table, GParamSpec *pspec)
{
  char *type = describe_type (pspec);
  char *value = describe_default (pspec);

  g_string_append_printf (table, "| `%s` | %s | %s | %s | %s |\n", pspec->name,
      type, value, describe_mutability (pspec), g_param_spec_get_blurb (pspec));
  g_free (value);
  g_free (type);
}

static char *
make_table (GstElement *element)
{
  GString *table = g_string_new ("| property | values | default | settable | "
                                 "meaning |\n|---|---|---|---|---|\n");
  guint n;
  GParamSpec **pspecs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  for (guint i = 0; i < n; i++)
    if (pspecs[i]->owner_type == G_OBJECT_TYPE (element))
      append_row (table, pspecs[i]);
  g_free (pspecs);
  return g_string_free (table, FALSE);
}

/* NULL when the plugin has no such element. */
static char *
make_table_of (const char *name)
{
  GstElement *element = gst_element_factory_make (name, NULL);
  char *table;

  if (!element) {
    g_printerr ("there is no %s; is GST_PLUGIN_PATH set?\n", name);
    return NULL;
  }
  table = make_table (element);
  gst_object_unref (element);
  return table;
}

/* What stands in the text between the marks; NULL when they do not. */
static char *
find_table (const char *text, const char *begin)
{
  const char *start = strstr (text, begin), *end;

  start = start ? start + strlen (begin) : NULL;
  end = start ? strstr (start, END) : NULL;
  return end ? g_strndup (start, end - start) : NULL;
}

static gboolean
text_has (const char *text, const char *name, const char *table)
{
  g_autofree char *begin = g_strdup_printf (BEGIN, name);
  g_autofree char *found = find_table (text, begin);

  if (!found)
    g_printerr ("no %s ... %s\n", g_strchomp (begin), END);
  else if (!g_str_equal (g_strstrip (found), g_strstrip ((char *) table)))
    g_printerr ("the table of %s is another one; this is it:\n%s\n", name,
        table);
  else
    return TRUE;
  return FALSE;
}

/* The files one after another; NULL when one cannot be read. */
static char *
read_files (char **paths)
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (; *paths; paths++) {
    g_autofree char *text = NULL;
    g_autoptr (GError) error = NULL;

    if (!g_file_get_contents (*paths, &text, NULL, &error)) {
      g_printerr ("%s\n", error->message);
      return NULL;
    }
    g_string_append (all, text);
  }
  return g_string_free (g_steal_pointer (&all), FALSE);
}

int
main (int argc, char **argv)
{
  g_autofree char *text = NULL;
  gboolean ok = TRUE;

  gst_init (&argc, &argv);
  if (argc > 1 && !(text = read_files (argv + 1)))
    return 1;
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++) {
    g_autofree char *table = make_table_of (elements[i]);

    if (!table)
      return 1;
    if (text)
      ok &= text_has (text, elements[i], table);
    else
      g_print (BEGIN "%s" END "\n", elements[i], table);
  }
  return ok ? 0 : 1;
}
