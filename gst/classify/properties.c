/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "properties.h"

#include "propertytables.h"

/* In the order in which they are listed. */
static const GstAlexnetProperty *const tables[] = {
  gst_alexnet_model_properties,
  gst_alexnet_result_properties,
  gst_alexnet_region_properties,
  gst_alexnet_state_properties,
  gst_alexnet_gate_properties,
  gst_alexnet_example_properties,
  gst_alexnet_readonly_properties,
};

/* Class initialisation runs once, and so do these. */
static GType
register_enum (const char *name, const GEnumValue *values)
{
  GType type = g_enum_register_static (name, values);

  gst_type_mark_as_plugin_api (type, 0);
  return type;
}

static GType
register_flags (const char *name, const GFlagsValue *values)
{
  GType type = g_flags_register_static (name, values);

  gst_type_mark_as_plugin_api (type, 0);
  return type;
}

static GParamSpec *
new_channels (const GstAlexnetProperty *p)
{
  GParamSpec *channel = g_param_spec_float ("channel", "Channel",
      "Value of one channel", 0, 1, 0,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  return gst_param_spec_array (p->name, p->nick, p->blurb, channel, p->flags);
}

static GParamSpec *
new_pspec (const GstAlexnetProperty *p)
{
  switch (p->kind) {
    case STRING:
      return g_param_spec_string (p->name, p->nick, p->blurb, p->text,
          p->flags);
    case BOOLEAN:
      return g_param_spec_boolean (p->name, p->nick, p->blurb, p->value,
          p->flags);
    case INT:
      return g_param_spec_int (p->name, p->nick, p->blurb, p->min, p->max,
          p->value, p->flags);
    case UINT:
      return g_param_spec_uint (p->name, p->nick, p->blurb, p->min, p->max,
          p->value, p->flags);
    case UINT64:
      return g_param_spec_uint64 (p->name, p->nick, p->blurb, p->min, p->max,
          p->value, p->flags);
    case FLOAT:
      return g_param_spec_float (p->name, p->nick, p->blurb, p->min, p->max,
          p->value, p->flags);
    case ENUM:
      return g_param_spec_enum (p->name, p->nick, p->blurb,
          register_enum (p->type, p->choices), p->value, p->flags);
    case FLAGS:
      return g_param_spec_flags (p->name, p->nick, p->blurb,
          register_flags (p->type, p->choices), p->value, p->flags);
    case CHANNELS:
      return new_channels (p);
    case STRUCTURE:
      return g_param_spec_boxed (p->name, p->nick, p->blurb, GST_TYPE_STRUCTURE,
          p->flags);
  }
  g_return_val_if_reached (NULL);
}

void
gst_alexnet_properties_install (GObjectClass *klass)
{
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const GstAlexnetProperty *p = tables[i]; p->name; p++)
      g_object_class_install_property (klass, p->id, new_pspec (p));
}

void
gst_alexnet_properties_get_defaults (GObjectClass *klass,
    GstAlexnetSettings *settings)
{
  *settings = (GstAlexnetSettings){ 0 };
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const GstAlexnetProperty *p = tables[i]; p->name; p++)
      gst_alexnet_settings_set (settings, p->id,
          g_param_spec_get_default_value (g_object_class_find_property (klass,
              p->name)));
}

const char *
gst_alexnet_backend_name (GstAlexnetBackend backend)
{
  return gst_alexnet_backends[backend].value_nick;
}
