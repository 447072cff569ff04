/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the engine asks of NVIDIA's driver before it loads what needs one. It is
 * named libcuda.so.1, and says what it is told to. */

extern int fake_driver_status;
int cuInit (unsigned flags);

/* A CUresult. */
int fake_driver_status = 0;

int
cuInit (unsigned flags)
{
  return fake_driver_status;
}
