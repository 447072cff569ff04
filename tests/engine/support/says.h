/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SAYS_H
#define SAYS_H

#include <glib.h>
#include <string.h>

/* That this text has that one in it; else both are shown. */
#define assert_says(text, part) \
  assert_says_at (__FILE__, __LINE__, G_STRFUNC, text, part)

static inline void
assert_says_at (const char *file, int line, const char *function,
    const char *text, const char *part)
{
  g_autofree char *message = NULL;

  if (strstr (text, part))
    return;
  message = g_strdup_printf ("'%s' does not say '%s'", text, part);
  g_assertion_message (G_LOG_DOMAIN, file, line, function, message);
}

#endif /* SAYS_H */
