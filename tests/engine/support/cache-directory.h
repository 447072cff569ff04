/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A cache directory of the test program's own, for what backends keep there.
 * GLib's G_TEST_OPTION_ISOLATE_DIRS would do, but leaks, which a leak
 * sanitizer reports. */

#ifndef CACHE_DIRECTORY_H
#define CACHE_DIRECTORY_H

#include <glib.h>

G_BEGIN_DECLS

/* g_test_init() with an empty cache directory, and g_test_run(), which removes
 * it. What one test leaves there serves the next. */
void cache_directory_init (int *argc, char ***argv);
int cache_directory_run (void);

/* Empties it. */
void cache_directory_clear (void);

/* The only file of plans; "" when there is none. g_free() it. */
char *cache_directory_find (void);

/* Puts `with` wherever the regular expression matches in that file, which it
 * does. */
void cache_directory_replace (const char *pattern, const char *with);

G_END_DECLS

#endif /* CACHE_DIRECTORY_H */
