/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many processors this process may keep busy. A container may run on all of
 * the machine's and yet be stopped when it has used its share of time: its
 * control group, or one above it, has a quota (cpu.max of cgroup v2,
 * cpu.cfs_quota_us and cpu.cfs_period_us of v1).
 *
 * Thread-safety: any thread. */

#ifndef ALEXNET_PROCESSORS_H
#define ALEXNET_PROCESSORS_H

#include <glib.h>

G_BEGIN_DECLS

/* Those of the affinity or, if these are fewer, as many as the quota fills,
 * rounded up. At least 1. */
guint alexnet_processors_count (void);

/* What the quota alone fills, rounded up; 0: there is none, or it cannot be
 * read. Files are looked for below `root`: "" is the system's. */
guint alexnet_processors_quota (const char *root);

G_END_DECLS

#endif /* ALEXNET_PROCESSORS_H */
