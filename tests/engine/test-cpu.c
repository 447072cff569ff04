/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cpu.h"

static void
test_default (void)
{
  g_unsetenv ("ALEXNET_CPU_ISA");
  g_assert_cmpint (alexnet_cpu_isa (), ==, alexnet_cpu_detect ());
  g_setenv ("ALEXNET_CPU_ISA", "", TRUE);
  g_assert_cmpint (alexnet_cpu_isa (), ==, alexnet_cpu_detect ());
  g_test_message ("this processor has %s",
      alexnet_isa_name (alexnet_cpu_detect ()));
}

static void
test_forced (void)
{
  for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++) {
    g_setenv ("ALEXNET_CPU_ISA", alexnet_isa_name (isa), TRUE);
    g_assert_cmpint (alexnet_cpu_isa (), ==, isa);
  }
}

/* A second wrong value, or the same again, is not worth a second warning.
 * Each case runs in a process of its own, because of "once". */
static void
test_wrong (gconstpointer value)
{
  g_autofree char *expected = g_strdup_printf ("*ALEXNET_CPU_ISA*'%s'*%s*",
      (const char *) value, alexnet_isa_name (alexnet_cpu_detect ()));

  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, 0);
    g_test_trap_assert_passed ();
    return;
  }
  g_setenv ("ALEXNET_CPU_ISA", value, TRUE);
  g_test_expect_message ("alexnet", G_LOG_LEVEL_WARNING, expected);
  g_assert_cmpint (alexnet_cpu_isa (), ==, alexnet_cpu_detect ());
  g_test_assert_expected_messages ();
  g_assert_cmpint (alexnet_cpu_isa (), ==, alexnet_cpu_detect ());
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cpu/default", test_default);
  g_test_add_func ("/cpu/forced", test_forced);
  g_test_add_data_func ("/cpu/unknown", "sse9", test_wrong);
  g_test_add_data_func ("/cpu/case", "AVX2", test_wrong);
#ifdef ALEXNET_CPU_X86
  g_test_add_data_func ("/cpu/foreign", "neon", test_wrong);
#else
  g_test_add_data_func ("/cpu/foreign", "avx512", test_wrong);
#endif
  if (alexnet_cpu_detect () < ALEXNET_N_ISAS - 1)
    g_test_add_data_func ("/cpu/unsupported",
        alexnet_isa_name (ALEXNET_N_ISAS - 1), test_wrong);
  return g_test_run ();
}
