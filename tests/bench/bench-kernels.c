/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Microseconds that one call of each kernel takes, for each instruction set
 * that the processor has, and how many times as fast that is as the first of
 * them, which is plain C where there is such a kernel:
 *
 *     bench-kernels [PART OF A NAME]
 *
 * One thread calls a kernel on the same numbers again and again, so that they
 * are in the cache; each time is the best of several. */

#include <stdio.h>
#include <string.h>

#include "support/kernels.h"

#define LEAST_TIME 3000 /* microseconds */
#define N_TIMES 7

static gint64
time_calls (const Kernel *kernel, gpointer call, AlexnetIsa isa, guint n)
{
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 0; i < n; i++)
    kernel->run (call, isa);
  return g_get_monotonic_time () - begin;
}

/* Microseconds of one call. */
static double
measure (const Kernel *kernel, gpointer call, AlexnetIsa isa)
{
  gint64 best = G_MAXINT64;
  guint n = 1;

  kernel_call_reset (call);
  while (time_calls (kernel, call, isa, n) < LEAST_TIME)
    n *= 2;
  for (guint i = 0; i < N_TIMES; i++)
    best = MIN (best, time_calls (kernel, call, isa, n));
  return (double) best / n;
}

static void
bench (const KernelEntry *entry)
{
  gpointer call = entry->kernel->make (0);
  double first = 0;

  printf ("%-20s", entry->name);
  for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++) {
    double time;

    if (!entry->is_there (isa)) {
      printf (" %10s %6s", "-", "");
      continue;
    }
    time = measure (entry->kernel, call, isa);
    if (first <= 0)
      first = time;
    printf (" %10.3f %5.2fx", time, first / time);
    fflush (stdout);
  }
  printf ("\n");
  kernel_call_free (call);
}

int
main (int argc, char **argv)
{
  static const KernelEntry *const lists[] = {
#ifdef HAVE_ONEDNN
    kernels_of_onednn,
#endif
    kernels_of_preprocess,
  };

  printf ("%-20s", "");
  for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++)
    printf (" %10s %6s", alexnet_isa_name (isa), "");
  printf ("\n");
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    for (const KernelEntry *entry = lists[i]; entry->name; entry++)
      if (argc < 2 || strstr (entry->name, argv[1]))
        bench (entry);
  return 0;
}
