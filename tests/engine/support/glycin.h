/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Since 2.44 gdk-pixbuf can leave files to the loaders of glycin, which say on
 * standard error that they do without bubblewrap where that does not work, as
 * in most containers. */

#ifndef GLYCIN_H
#define GLYCIN_H

#include <string.h>

#include <glib.h>

/* Takes the line out that says it, where there is one. */
static inline void
glycin_forget_warning (char *text)
{
  char *line = strstr (text, "WARNING: Glycin running without sandbox.");
  char *end = line ? strchr (line, '\n') : NULL;

  if (end)
    memmove (line, end + 1, strlen (end + 1) + 1);
}

#endif /* GLYCIN_H */
