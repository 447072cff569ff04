/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells ThreadSanitizer what GLib's locks do. It cannot see that by itself:
 * they are system calls and atomics inside a library that it did not compile,
 * so that what a GMutex guards looks like a race. These functions take the
 * place of GLib's in a test's process, for all libraries there. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

/* GLib's own function of the name of the one that calls this. */
#define GLIBS(function)                                      \
  ({                                                         \
    static __typeof__ (&function) found;                     \
    __typeof__ (found) now = g_atomic_pointer_get (&found);  \
                                                             \
    if (!now) {                                              \
      now = (__typeof__ (now)) dlsym (RTLD_NEXT, #function); \
      g_atomic_pointer_set (&found, now);                    \
    }                                                        \
    now;                                                     \
  })

#pragma GCC visibility push(default)

void
g_mutex_lock (GMutex *mutex)
{
  GLIBS (g_mutex_lock) (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked = GLIBS (g_mutex_trylock) (mutex);

  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_release (mutex);
  GLIBS (g_mutex_unlock) (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_release (mutex);
  GLIBS (g_cond_wait) (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean in_time;

  __tsan_release (mutex);
  in_time = GLIBS (g_cond_wait_until) (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return in_time;
}
