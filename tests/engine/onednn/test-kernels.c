/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every kernel of the CPU backend, with each instruction set that this machine
 * has, against its definition in plain C. */

#include "support/kernels.h"

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kernels_add_tests ("/kernels", kernels_of_onednn);
  return g_test_run ();
}
