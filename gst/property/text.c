/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "text.h"

void
gst_alexnet_property_set_text (char **string, const GValue *value)
{
  const char *text = g_value_get_string (value);

  g_free (*string);
  *string = text && *text ? g_strdup (text) : NULL;
}
