/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE
#include "processors.h"

#include <sched.h>
#include <string.h>
#ifdef HAVE_ONEDNN
#include <omp.h>
#endif

/* What /proc/self/mountinfo has in front of its optional fields. */
enum { MOUNT_ROOT = 3, MOUNT_POINT = 4, N_MOUNT_FIELDS = 6 };

static char *
read_file (const char *root, const char *path)
{
  g_autofree char *name = g_strconcat (root, path, NULL);
  char *text = NULL;

  if (!g_file_get_contents (name, &text, NULL, NULL))
    return NULL;
  return g_strchomp (text);
}

static guint
divide (const char *quota, const char *period)
{
  guint64 used, of;

  if (!g_ascii_string_to_unsigned (quota, 10, 1, G_MAXINT64, &used, NULL) ||
      !g_ascii_string_to_unsigned (period, 10, 1, G_MAXINT64, &of, NULL))
    return 0;
  return (guint) MIN ((used - 1) / of + 1, G_MAXUINT);
}

/* Of the group in this folder alone; 0: none. */
static guint
read_v2 (const char *root, const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "cpu.max", NULL);
  g_autofree char *text = read_file (root, path);
  g_auto (GStrv) words = text ? g_strsplit (text, " ", 0) : NULL;

  return words && g_strv_length (words) == 2 ? divide (words[0], words[1]) : 0;
}

static guint
read_v1 (const char *root, const char *folder)
{
  g_autofree char *quota = g_build_filename (folder, "cpu.cfs_quota_us", NULL);
  g_autofree char *period = g_build_filename (folder, "cpu.cfs_period_us",
      NULL);
  g_autofree char *used = read_file (root, quota);
  g_autofree char *of = read_file (root, period);

  return used && of ? divide (used, of) : 0;
}

static guint
least (guint a, guint b)
{
  return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Of the group and those above it, as far as they are mounted. */
static guint
read_groups (const char *root, const char *mount, const char *group,
    guint (*read) (const char *root, const char *folder))
{
  g_autofree char *rest = g_strdup (group);
  guint n = 0;

  for (;;) {
    g_autofree char *folder = g_build_filename (mount, rest, NULL);
    char *last = strrchr (rest, '/');

    n = least (n, read (root, folder));
    if (!last)
      return n;
    *last = '\0';
  }
}

static gboolean
has_cpu (const char *controllers)
{
  g_auto (GStrv) names = g_strsplit (controllers, ",", 0);

  return g_strv_contains ((const char *const *) names, "cpu");
}

/* The path of the process's group in /proc/self/cgroup, lines of
 * "id:controllers:path"; of v2 there is one without controllers. */
static char *
find_group (const char *root, gboolean v2)
{
  g_autofree char *text = read_file (root, "/proc/self/cgroup");
  g_auto (GStrv) lines = text ? g_strsplit (text, "\n", 0) : NULL;

  for (guint i = 0; lines && lines[i]; i++) {
    g_auto (GStrv) fields = g_strsplit (lines[i], ":", 3);

    if (g_strv_length (fields) == 3 && (v2 ? !*fields[1] : has_cpu (fields[1])))
      return g_strdup (fields[2]);
  }
  return NULL;
}

/* Where the group lies below a mount that shows the tree from `top` on; all of
 * a container's mount is its own group, or belongs to it. */
static const char *
strip_top (const char *group, const char *top)
{
  const char *rest;

  if (!g_str_has_prefix (group, top) || strstr (group, "/.."))
    return "";
  rest = group + (g_str_equal (top, "/") ? 0 : strlen (top));
  return *rest == '/' ? rest : "";
}

static guint
read_mount (const char *root, const char *line)
{
  const char *dash = strstr (line, " - ");
  g_auto (GStrv) fields = g_strsplit (line, " ", N_MOUNT_FIELDS + 1);
  g_auto (GStrv) types = dash ? g_strsplit (dash + 3, " ", 3) : NULL;
  g_autofree char *group = NULL, *mount = NULL, *top = NULL;
  gboolean v2;

  if (!types || g_strv_length (types) < 3 ||
      g_strv_length (fields) < N_MOUNT_FIELDS)
    return 0;
  v2 = g_str_equal (types[0], "cgroup2");
  if (!v2 && !(g_str_equal (types[0], "cgroup") && has_cpu (types[2])))
    return 0;
  group = find_group (root, v2);
  if (!group)
    return 0;
  /* Blanks in paths are \040. */
  mount = g_strcompress (fields[MOUNT_POINT]);
  top = g_strcompress (fields[MOUNT_ROOT]);
  return read_groups (root, mount, strip_top (group, top),
      v2 ? read_v2 : read_v1);
}

guint
alexnet_processors_quota (const char *root)
{
  g_autofree char *text = read_file (root, "/proc/self/mountinfo");
  g_auto (GStrv) lines = text ? g_strsplit (text, "\n", 0) : NULL;
  guint n = 0;

  for (guint i = 0; lines && lines[i]; i++)
    n = least (n, read_mount (root, lines[i]));
  return n;
}

/* OpenMP knows what the affinity was before OMP_PROC_BIND bound this thread to
 * one. GLib counts all that are online. */
static guint
count_affinity (void)
{
#ifdef HAVE_ONEDNN
  return (guint) MAX (omp_get_num_procs (), 1);
#else
  cpu_set_t set;

  if (sched_getaffinity (0, sizeof set, &set) != 0)
    return g_get_num_processors ();
  return (guint) CPU_COUNT (&set);
#endif
}

guint
alexnet_processors_count (void)
{
  return least (count_affinity (), alexnet_processors_quota (""));
}
