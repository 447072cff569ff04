/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For clang's libFuzzer; tests/fuzz/meson.build says how to build it. What it
 * finds is replayed by giving the test its target and file. */

#include "fuzz.h"

int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static const FuzzTarget *target;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  target = fuzz_find (g_getenv ("FUZZ_TARGET"));
  if (!target)
    g_error ("set FUZZ_TARGET to a name in tests/fuzz/targets.c");
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  fuzz_run (target, data, size);
  return 0;
}
