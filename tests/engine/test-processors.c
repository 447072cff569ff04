/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Affinity and the quota of a container, as systems lay it out. */

#define _GNU_SOURCE
#include "processors.h"

#include <sched.h>

#include "support/cases.h"
#include "support/remove-tree.h"

#define V2_MOUNT                                                \
  "30 23 0:26 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 " \
  "cgroup2 rw,nsdelegate\n"
#define V1_MOUNT(top)                              \
  "32 31 0:29 " top " /sys/fs/cgroup/cpu,cpuacct " \
  "rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
#define V1_GROUPS(path) "4:memory:/other\n3:cpu,cpuacct:" path "\n1:name=s:/\n"

typedef struct {
  const char *name, *mounts, *groups;
  const char *files[6]; /* path and contents, in turn */
  guint expected;
} Case;

static const Case cases[] = {
  { "v2-container", V2_MOUNT, "0::/\n",
      { "/sys/fs/cgroup/cpu.max", "150000 100000\n" }, 2 },
  { "v2-whole", V2_MOUNT, "0::/\n",
      { "/sys/fs/cgroup/cpu.max", "300000 100000\n" }, 3 },
  { "v2-less-than-one", V2_MOUNT, "0::/\n",
      { "/sys/fs/cgroup/cpu.max", "1000 100000\n" }, 1 },
  { "v2-none", V2_MOUNT, "0::/\n", { "/sys/fs/cgroup/cpu.max", "max 100000\n" },
      0 },
  { "v2-above", V2_MOUNT, "0::/pod/a/b\n",
      { "/sys/fs/cgroup/pod/a/b/cpu.max", "max 100000\n",
          "/sys/fs/cgroup/pod/a/cpu.max", "800000 100000\n",
          "/sys/fs/cgroup/pod/cpu.max", "400000 100000\n" },
      4 },
  { "v2-beside", V2_MOUNT, "0::/a\n",
      { "/sys/fs/cgroup/b/cpu.max", "100000 100000\n" }, 0 },
  { "v2-outside", V2_MOUNT, "0::/../other\n",
      { "/sys/fs/cgroup/cpu.max", "200000 100000\n" }, 2 },
  { "v2-blank", "30 23 0:26 / /a\\040b rw - cgroup2 cgroup2 rw\n", "0::/c\n",
      { "/a b/c/cpu.max", "200000 50000\n" }, 4 },
  { "v1", V1_MOUNT ("/"), V1_GROUPS ("/job"),
      { "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n",
          "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n" },
      3 },
  { "v1-container", V1_MOUNT ("/docker/7f"), V1_GROUPS ("/docker/7f"),
      { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n",
          "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n" },
      2 },
  { "v1-none", V1_MOUNT ("/"), V1_GROUPS ("/"),
      { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n",
          "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n" },
      0 },
  { "hybrid", V2_MOUNT V1_MOUNT ("/"), V1_GROUPS ("/") "0::/\n",
      { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "500000\n",
          "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n" },
      5 },
  { "zero", V1_MOUNT ("/"), V1_GROUPS ("/"),
      { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n",
          "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "0\n" },
      0 },
  { "garbled", "a b\n - \n30 23 0:26 / /x rw - cgroup2\n" V2_MOUNT,
      "\n0\n::\n0::/\n", { "/sys/fs/cgroup/cpu.max", "many 100000 1\n" }, 0 },
  { "nothing", "", "", { NULL }, 0 },
};

static void
write_below (const char *root, const char *path, const char *contents)
{
  g_autofree char *name = g_strconcat (root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (name);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (name, contents, -1, &error);
  g_assert_no_error (error);
}

static void
test_quota (gconstpointer data)
{
  g_autofree char *root = g_dir_make_tmp ("alexnet-quota-XXXXXX", NULL);
  const Case *c = data;

  write_below (root, "/proc/self/mountinfo", c->mounts);
  write_below (root, "/proc/self/cgroup", c->groups);
  for (guint i = 0; i < G_N_ELEMENTS (c->files) && c->files[i]; i += 2)
    write_below (root, c->files[i], c->files[i + 1]);
  g_assert_cmpuint (alexnet_processors_quota (root), ==, c->expected);
  remove_tree (root);
}

static void
test_affinity (void)
{
  cpu_set_t before, one;
  guint n = alexnet_processors_count ();

  g_assert_cmpuint (n, >=, 1);
  g_assert_cmpint (sched_getaffinity (0, sizeof before, &before), ==, 0);
  CPU_ZERO (&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT (&one) == 0; i++)
    if (CPU_ISSET (i, &before))
      CPU_SET (i, &one);
  g_assert_cmpint (sched_setaffinity (0, sizeof one, &one), ==, 0);
  g_assert_cmpuint (alexnet_processors_count (), ==, 1);
  g_assert_cmpint (sched_setaffinity (0, sizeof before, &before), ==, 0);
  g_assert_cmpuint (alexnet_processors_count (), ==, n);
}

/* Threads that are bound are as many as without. */
static void
test_bound (void)
{
  g_autofree char *expected = g_strdup_printf ("%u\n",
      alexnet_processors_count ());
  g_autofree char *found = NULL;
  g_autoptr (GError) error = NULL;
  char *argv[] = { NULL, "--count", NULL };
  g_auto (GStrv)
      envp = g_environ_setenv (g_get_environ (), "OMP_PROC_BIND", "true", TRUE);

  argv[0] = g_file_read_link ("/proc/self/exe", &error);
  g_assert_no_error (error);
  g_spawn_sync (NULL, argv, envp, 0, NULL, NULL, &found, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, expected);
  g_free (argv[0]);
}

int
main (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], "--count")) {
    g_print ("%u\n", alexnet_processors_count ());
    return 0;
  }
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/processors/quota", cases, test_quota);
  g_test_add_func ("/processors/affinity", test_affinity);
  g_test_add_func ("/processors/bound", test_bound);
  return g_test_run ();
}
