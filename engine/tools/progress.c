/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH 40
#define DELAY G_USEC_PER_SEC
#define INTERVAL (G_USEC_PER_SEC / 10)

void
inspect_progress_begin (InspectProgress *progress)
{
  progress->begin = g_get_monotonic_time ();
  progress->drawn = 0;
}

void
inspect_progress_update (InspectProgress *progress, double fraction)
{
  gint64 now = g_get_monotonic_time ();
  int full = (int) (CLAMP (fraction, 0, 1) * WIDTH);

  if (now - progress->begin < DELAY || now - progress->drawn < INTERVAL ||
      !isatty (STDERR_FILENO))
    return;
  progress->drawn = now;
  fprintf (stderr, "\r[");
  for (int i = 0; i < WIDTH; i++)
    fputc (i < full ? '#' : ' ', stderr);
  fprintf (stderr, "] %3.0f %%", CLAMP (fraction, 0, 1) * 100);
  fflush (stderr);
}

void
inspect_progress_end (InspectProgress *progress)
{
  if (progress->drawn != 0)
    fprintf (stderr, "\r%*s\r", WIDTH + 8, "");
  progress->drawn = 0;
}
