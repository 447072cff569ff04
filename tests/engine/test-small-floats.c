/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Floats of 16 bits from floats of 32, against how such are read. */

#include <float.h>
#include <math.h>

#include "small-floats.h"
#include "tensor/dtype.h"

static float
read_small (AlexnetDType dtype, guint16 bits)
{
  guint8 bytes[2] = { bits & 0xff, bits >> 8 };
  float value;

  alexnet_dtype_to_float (dtype, &value, bytes, 1);
  return value;
}

/* Every positive number there is, and what lies between it and the next:
 * nearest, and in the middle the even one. */
static void
check_rounding (AlexnetDType dtype, guint16 infinity,
    guint16 (*from_float) (float value))
{
  for (guint16 bits = 0; bits < infinity - 1; bits++) {
    float value = read_small (dtype, bits);
    float next = read_small (dtype, bits + 1);
    float middle = value + (next - value) / 2;

    g_assert_cmpuint (from_float (value), ==, bits);
    g_assert_cmpuint (from_float (-value), ==, bits | 0x8000);
    g_assert_cmpuint (from_float (middle), ==, bits + (bits & 1));
    g_assert_cmpuint (from_float (nextafterf (middle, 0)), ==, bits);
    g_assert_cmpuint (from_float (nextafterf (middle, next)), ==, bits + 1);
  }
  g_assert_cmpuint (from_float (INFINITY), ==, infinity);
  g_assert_cmpuint (from_float (-FLT_MAX), ==, infinity | 0x8000);
  g_assert_true (isnan (read_small (dtype, from_float (NAN))));
}

static void
test_f16 (void)
{
  check_rounding (ALEXNET_DTYPE_F16, 0x7c00, alexnet_f16_from_float);
}

static void
test_bf16 (void)
{
  check_rounding (ALEXNET_DTYPE_BF16, 0x7f80, alexnet_bf16_from_float);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/small-floats/f16", test_f16);
  g_test_add_func ("/small-floats/bf16", test_bf16);
  return g_test_run ();
}
