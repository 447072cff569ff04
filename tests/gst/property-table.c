/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of the element's properties in Markdown, made from the element.
 * Without an argument it is printed; with the path of a file it is compared
 * with what stands there between <!-- properties --> and
 * <!-- /properties -->. */

#include <gst/gst.h>

#define BEGIN "<!-- properties -->\n"
#define END "<!-- /properties -->"

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

static char *
describe_type (GParamSpec *pspec)
{
  GType type = pspec->value_type;

  if (G_IS_PARAM_SPEC_ENUM (pspec))
    return list_enum (G_PARAM_SPEC_ENUM (pspec)->enum_class);
  if (G_IS_PARAM_SPEC_FLAGS (pspec))
    return list_flags (G_PARAM_SPEC_FLAGS (pspec)->flags_class, G_MAXUINT);
  if (type == GST_TYPE_ARRAY)
    return g_strdup ("3 numbers");
  if (type == GST_TYPE_STRUCTURE)
    return g_strdup ("structure");
  if (type == G_TYPE_UINT || type == G_TYPE_UINT64)
    return g_strdup ("whole number");
  if (type == G_TYPE_FLOAT)
    return g_strdup ("number");
  return g_strdup (type == G_TYPE_BOOLEAN ? "boolean" : "string");
}

static char *
describe_default (GParamSpec *pspec)
{
  const GValue *value = g_param_spec_get_default_value (pspec);

  if (!(pspec->flags & G_PARAM_WRITABLE) || G_IS_PARAM_SPEC_STRING (pspec) ||
      pspec->value_type == GST_TYPE_ARRAY)
    return g_strdup ("");
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

static gboolean
file_has (const char *path, const char *table)
{
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  char *begin, *end;

  if (!g_file_get_contents (path, &contents, NULL, &error)) {
    g_printerr ("%s\n", error->message);
    return FALSE;
  }
  begin = strstr (contents, BEGIN);
  end = begin ? strstr (begin, END) : NULL;
  if (!end) {
    g_printerr ("%s: no %.*s ... %s\n", path, (int) strlen (BEGIN) - 1, BEGIN,
        END);
    return FALSE;
  }
  *end = '\0';
  if (g_str_equal (g_strstrip (begin + strlen (BEGIN)),
          g_strstrip ((char *) table)))
    return TRUE;
  g_printerr ("%s: the table of properties is another one; this is it:\n%s\n",
      path, table);
  return FALSE;
}

int
main (int argc, char **argv)
{
  g_autofree char *table = NULL;
  GstElement *element;

  gst_init (&argc, &argv);
  element = gst_element_factory_make ("alexnetclassify", NULL);
  if (!element) {
    g_printerr ("there is no alexnetclassify; is GST_PLUGIN_PATH set?\n");
    return 1;
  }
  table = make_table (element);
  gst_object_unref (element);
  if (argc > 1)
    return file_has (argv[1], table) ? 0 : 1;
  g_print ("%s", table);
  return 0;
}
