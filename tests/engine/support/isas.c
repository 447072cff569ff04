/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "isas.h"

void
isas_add_tests (const char *prefix, const char *name, GTestDataFunc func)
{
  for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++) {
    g_autofree char *path = g_strdup_printf ("%s/%s/%s", prefix, name,
        alexnet_isa_name (isa));

    g_test_add_data_func (path, GINT_TO_POINTER (isa), func);
  }
}

void
isas_use (AlexnetIsa isa)
{
  g_setenv ("ALEXNET_CPU_ISA", alexnet_isa_name (isa), TRUE);
}
