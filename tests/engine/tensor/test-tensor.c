/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading values of every type, from every order in which they can lie. */

#include "tensor/int8.h"
#include "tensor/tensor.h"

#include <float.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "float-bits.h"
#include "support/cases.h"
#include "support/data-path.h"

/* ---- types --------------------------------------------------------------- */

static void
check_value (AlexnetDType dtype, guint64 stored, guint32 bits)
{
  guint64 little = GUINT64_TO_LE (stored);
  float expected = alexnet_float_from_bits (bits), found;

  alexnet_dtype_to_float (dtype, &found, &little, 1);
  if (isnan (expected) && isnan (found))
    return;
  if (memcmp (&found, &expected, sizeof found) != 0)
    g_error ("%s %" G_GINT64_MODIFIER "x is %a, expected %a",
        alexnet_dtype_name (dtype), stored, (double) found, (double) expected);
}

/* Against ml_dtypes and numpy: tests/data/generate_dtypes.py. */
static void
test_golden (void)
{
  g_autofree char *path = data_path ("golden", "dtypes.txt");
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;
  guint counts[ALEXNET_N_DTYPES] = { 0 };

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i][0]; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", 3);
    AlexnetDType dtype;

    g_assert_true (alexnet_dtype_find (words[0], &dtype));
    check_value (dtype, g_ascii_strtoull (words[1], NULL, 16),
        (guint32) g_ascii_strtoull (words[2], NULL, 16));
    counts[dtype]++;
  }
  g_assert_cmpuint (counts[ALEXNET_DTYPE_F8_E4M3], ==, 256);
  g_assert_cmpuint (counts[ALEXNET_DTYPE_F8_E5M2], ==, 256);
  g_assert_cmpuint (MIN (counts[ALEXNET_DTYPE_F16], counts[ALEXNET_DTYPE_BF16]),
      >, 10);
  g_assert_cmpuint (counts[ALEXNET_DTYPE_F64], >, 10);
}

static void
test_names (void)
{
  static const gsize sizes[] = { 4, 2, 2, 8, 1, 1 };
  AlexnetDType dtype;

  for (guint i = 0; i < ALEXNET_N_DTYPES; i++) {
    g_assert_true (alexnet_dtype_find (alexnet_dtype_name (i), &dtype));
    g_assert_cmpuint (dtype, ==, i);
    g_assert_cmpuint (alexnet_dtype_size (i), ==, sizes[i]);
  }
  g_assert_false (alexnet_dtype_find ("I32", &dtype));
  g_assert_false (alexnet_dtype_find ("F3", &dtype));
}

/* From the definition of IEEE 754 binary16. */
static double
half_value (guint bits)
{
  int exponent = bits >> 10 & 31;
  double fraction = bits & 1023;
  double value = exponent == 0 ? ldexp (fraction, -24)
      : exponent == 31         ? (fraction == 0 ? INFINITY : NAN)
                               : ldexp (fraction + 1024, exponent - 25);

  return bits & 0x8000 ? -value : value;
}

/* Every one of the 65536 values, from an odd address. */
static void
test_half (void)
{
  g_autofree guint8 *data = g_malloc (2 * 65536 + 1);
  g_autofree float *values = g_new (float, 65536);
  AlexnetTensor tensor = { .dtype = ALEXNET_DTYPE_F16,
    .n_dims = 2,
    .dims = { 256, 256 },
    .data = data + 1 };

  for (guint i = 0; i < 65536; i++) {
    data[1 + 2 * i] = i & 255;
    data[2 + 2 * i] = (guint8) (i >> 8);
  }
  g_assert_true (alexnet_tensor_to_float (values, &tensor, NULL));
  for (guint i = 0; i < 65536; i++) {
    double expected = half_value (i);

    if (isnan (expected))
      g_assert_true (isnan (values[i]));
    else
      g_assert_true ((double) values[i] == expected &&
          !signbit (values[i]) == !signbit (expected));
  }
}

/* ---- orders -------------------------------------------------------------- */

/* Where the values of a tensor lie; `lead` of others come before them. */
typedef struct {
  const char *name;
  guint n_dims;
  gsize dims[4], strides[4];
  gsize lead, n_stored;
  gsize extent; /* in values */
} Order;

static const Order orders[] = {
  { "scalar", 0, { 0 }, { 0 }, 3, 4, 1 },
  { "vector", 1, { 7 }, { 1 }, 2, 9, 7 },
  { "contiguous", 4, { 4, 3, 5, 2 }, { 30, 10, 2, 1 }, 0, 120, 120 },
  { "channels-last", 4, { 4, 3, 5, 2 }, { 30, 1, 6, 3 }, 0, 120, 120 },
  { "fortran", 4, { 4, 3, 5, 2 }, { 1, 4, 12, 60 }, 0, 120, 120 },
  { "transposed", 2, { 150, 211 }, { 1, 150 }, 5, 31655, 31650 },
  { "offset", 2, { 6, 7 }, { 7, 1 }, 11, 60, 42 },
  { "columns", 2, { 6, 7 }, { 10, 1 }, 3, 63, 57 },
  { "every-second", 2, { 6, 7 }, { 14, 2 }, 0, 84, 83 },
  { "one-column", 1, { 40 }, { 1000 }, 999, 40000, 39001 },
  { "far-apart", 2, { 5, 3 }, { 20000, 9000 }, 0, 98001, 98001 },
  { "repeated", 3, { 3, 4, 5 }, { 0, 5, 1 }, 1, 21, 20 },
  { "one-for-all", 2, { 3, 4 }, { 0, 0 }, 1, 2, 1 },
  { "of-size-one", 3, { 1, 4, 1 }, { 9, 1, 77 }, 0, 4, 4 },
  { "empty", 2, { 0, 4 }, { 4, 1 }, 0, 1, 0 },
};

typedef struct {
  const Order *order;
  guint8 *stored, *expected; /* as they lie; as they are in order */
  gsize n;
  AlexnetTensor tensor;
} Stored;

static void
put_in_order (Stored *s, gsize size)
{
  const Order *order = s->order;

  s->expected = g_malloc (s->n * size + 1);
  for (gsize i = 0; i < s->n; i++) {
    gsize from = order->lead, rest = i;

    for (guint d = order->n_dims; d-- > 0; rest /= order->dims[d])
      from += rest % order->dims[d] * order->strides[d];
    memcpy (s->expected + i * size, s->stored + from * size, size);
  }
}

/* Any bytes; they are values of any type. */
static void
stored_init (Stored *s, const Order *order, AlexnetDType dtype)
{
  gsize size = alexnet_dtype_size (dtype);
  guint32 state = 1;

  s->order = order;
  s->stored = g_malloc (order->n_stored * size);
  for (gsize i = 0; i < order->n_stored * size; i++) {
    state = state * 1664525 + 1013904223;
    s->stored[i] = (guint8) (state >> 24);
  }
  s->tensor = (AlexnetTensor){ .dtype = dtype,
    .n_dims = order->n_dims,
    .strided = TRUE,
    .data = s->stored + order->lead * size };
  memcpy (s->tensor.dims, order->dims, sizeof order->dims);
  memcpy (s->tensor.strides, order->strides, sizeof order->strides);
  s->n = alexnet_tensor_n_values (&s->tensor);
  put_in_order (s, size);
}

static void
stored_clear (Stored *s)
{
  g_free (s->stored);
  g_free (s->expected);
}

static void
check_floats (const Stored *s, const float *expected)
{
  g_autofree float *found = g_new (float, s->n + 1);
  g_autoptr (GError) error = NULL;

  alexnet_tensor_to_float (found, &s->tensor, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (found, s->n * sizeof *found, expected, s->n * sizeof *found);
}

static void
check_bytes (const Stored *s)
{
  gsize size = s->n * alexnet_dtype_size (s->tensor.dtype);
  g_autofree guint8 *found = g_malloc (size + 1);
  g_autoptr (GError) error = NULL;

  alexnet_tensor_to_bytes (found, &s->tensor, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (found, size, s->expected, size);
}

/* `step` rows at a time, the last ones first. */
static void
check_rows (const Stored *s, const float *expected, gsize step)
{
  gsize n_rows = s->order->n_dims > 0 ? s->order->dims[0] : 1;
  gsize length = n_rows > 0 ? s->n / n_rows : 0;
  g_autofree float *found = g_new (float, step *length + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (AlexnetTensorRows)
      rows = alexnet_tensor_rows_new (&s->tensor, &error);

  g_assert_no_error (error);
  for (gsize end = n_rows; end > 0; end -= MIN (step, end)) {
    gsize n = MIN (step, end);

    alexnet_tensor_rows_read (rows, end - n, n, found, &error);
    g_assert_no_error (error);
    g_assert_cmpmem (found, n * length * sizeof *found,
        expected + (end - n) * length, n * length * sizeof *found);
  }
}

static void
check_all (const Stored *s)
{
  g_autofree float *expected = g_new (float, s->n + 1);

  alexnet_dtype_to_float (s->tensor.dtype, expected, s->expected, s->n);
  check_floats (s, expected);
  check_bytes (s);
  check_rows (s, expected, 1);
  check_rows (s, expected, 4);
}

/* In memory, and in a file at an odd place. */
static void
check_stored (Stored *s)
{
  gsize size = alexnet_dtype_size (s->tensor.dtype);
  g_autoptr (GByteArray) array = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (AlexnetFile) file = NULL;

  check_all (s);
  g_byte_array_append (array, (const guint8 *) "head!", 5);
  g_byte_array_append (array, s->stored, (guint) (s->order->n_stored * size));
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&array));
  file = alexnet_file_new_from_bytes (bytes, "memory");
  s->tensor.data = NULL;
  s->tensor.file = file;
  s->tensor.offset = 5 + s->order->lead * size;
  check_all (s);
}

static void
test_order (gconstpointer order)
{
  for (guint dtype = 0; dtype < ALEXNET_N_DTYPES; dtype++) {
    Stored s;
    gsize extent;

    stored_init (&s, order, dtype);
    g_assert_true (alexnet_tensor_is_bound (&s.tensor));
    g_assert_true (alexnet_tensor_get_extent (&s.tensor, &extent));
    g_assert_cmpuint (extent, ==, s.order->extent * alexnet_dtype_size (dtype));
    check_stored (&s);
    stored_clear (&s);
  }
}

/* Tight tensors need no strides. */
static void
test_tight (void)
{
  static const Order tight = { "tight", 3, { 40, 30, 20 }, { 600, 20, 1 }, 1,
    24001, 24000 };

  for (guint dtype = 0; dtype < ALEXNET_N_DTYPES; dtype++) {
    Stored s;
    gsize extent;

    stored_init (&s, &tight, dtype);
    s.tensor.strided = FALSE;
    memset (s.tensor.strides, 0xff, sizeof s.tensor.strides);
    g_assert_true (alexnet_tensor_get_extent (&s.tensor, &extent));
    g_assert_cmpuint (extent, ==, 24000 * alexnet_dtype_size (dtype));
    check_stored (&s);
    stored_clear (&s);
  }
}

static const AlexnetTensor impossible[] = {
  { .n_dims = 2, .dims = { G_MAXSIZE / 2, 3 } },
  { .n_dims = 1, .dims = { G_MAXSIZE / 2 } },
  { .n_dims = 2,
      .dims = { 2, 2 },
      .strided = TRUE,
      .strides = { G_MAXSIZE, 1 } },
  { .n_dims = 2, .dims = { 3, 3 }, .strided = TRUE, .strides = { 2, 1 } },
  { .n_dims = 2, .dims = { 3, 3 }, .strided = TRUE, .strides = { 1, 1 } },
  { .n_dims = 3, .dims = { 2, 9, 9 }, .strided = TRUE, .strides = { 7, 9, 1 } },
};

static void
test_impossible (void)
{
  float out[81];
  gsize extent;

  for (guint i = 0; i < G_N_ELEMENTS (impossible); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (alexnet_tensor_get_extent (&impossible[i], &extent));
    if (!impossible[i].strided)
      continue;
    g_assert_false (alexnet_tensor_to_bytes (out, &impossible[i], &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  }
}

static void
test_unbound (void)
{
  AlexnetTensor tensor = { 0 };

  g_assert_false (alexnet_tensor_is_bound (&tensor));
}

/* ---- what is wrong ------------------------------------------------------- */

static void
assert_cut (gboolean ok, GError **error, const char *path)
{
  g_autofree char *expected = g_strdup_printf (
      "%s was cut short from 400000 to 200000 bytes since it was opened", path);

  g_assert_false (ok);
  g_assert_error (*error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr ((*error)->message, ==, expected);
  g_clear_error (error);
}

/* Reading any of its ways a tensor of a file that was cut in its middle. */
static void
check_cut (const AlexnetTensor *tensor, const char *path)
{
  g_autofree float *out = g_new (float, 100000);
  g_autoptr (AlexnetTensorRows) rows = NULL;
  g_autoptr (GError) error = NULL;

  assert_cut (alexnet_tensor_to_float (out, tensor, &error), &error, path);
  assert_cut (alexnet_tensor_to_bytes (out, tensor, &error), &error, path);
  rows = alexnet_tensor_rows_new (tensor, &error);
  assert_cut (rows && alexnet_tensor_rows_read (rows, 1, 2, out, &error),
      &error, path);
}

static void
test_cut (void)
{
  g_autofree char *path = NULL;
  g_autofree guint8 *zeros = g_malloc0 (400000);
  g_autoptr (AlexnetFile) file = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("alexnet-test-XXXXXX", &path, &error);
  AlexnetTensor tensor = { .n_dims = 2, .dims = { 1000, 100 } };

  g_assert_no_error (error);
  g_assert_cmpint (write (fd, zeros, 400000), ==, 400000);
  file = alexnet_file_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ftruncate (fd, 200000), ==, 0);
  close (fd);

  tensor.file = file;
  check_cut (&tensor, path);
  tensor.strided = TRUE;
  tensor.strides[0] = 1;
  tensor.strides[1] = 1000;
  check_cut (&tensor, path);
  g_remove (path);
}

/* Whoever asks is told of NaN and infinity, and not of other values. */
static void
check_not_finite (float value, gboolean strided, gboolean expected)
{
  float values[6] = { 1, FLT_MAX, -FLT_MAX, FLT_MIN / 2, value, 0 }, out[6];
  gint not_finite = FALSE;
  AlexnetTensor tensor = { .n_dims = 2,
    .dims = { 2, 3 },
    .strided = strided,
    .strides = { 1, 2 },
    .data = values,
    .not_finite = &not_finite };
  g_autoptr (AlexnetTensorRows) rows = NULL;

  alexnet_dtype_to_float (ALEXNET_DTYPE_F32, values, values, 6);
  g_assert_true (alexnet_tensor_to_bytes (out, &tensor, NULL));
  g_assert_false (not_finite);
  g_assert_true (alexnet_tensor_to_float (out, &tensor, NULL));
  g_assert_cmpint (not_finite, ==, expected);
  not_finite = FALSE;
  rows = alexnet_tensor_rows_new (&tensor, NULL);
  for (guint i = 0; i < 2; i++)
    g_assert_true (alexnet_tensor_rows_read (rows, i, 1, out, NULL));
  g_assert_cmpint (not_finite, ==, expected);
}

static void
test_not_finite (void)
{
  for (guint strided = 0; strided < 2; strided++) {
    check_not_finite (2, strided, FALSE);
    check_not_finite (NAN, strided, TRUE);
    check_not_finite (INFINITY, strided, TRUE);
    check_not_finite (-INFINITY, strided, TRUE);
  }
}

/* ---- whole numbers of 8 bits --------------------------------------------- */

/* Ties go to the even number, and the largest magnitude is 127. */
static void
test_int8 (void)
{
  static const float values[] = { 254, -254, 0, 1, 3, -5, 2, 3.001f };
  static const gint8 expected[] = { 127, -127, 0, 0, 2, -2, 1, 2 };
  gint8 found[G_N_ELEMENTS (values)];
  float scale = alexnet_int8_scale (values, G_N_ELEMENTS (values));

  g_assert_cmpfloat (scale, ==, 2);
  alexnet_int8_quantize (found, values, G_N_ELEMENTS (values), scale);
  g_assert_cmpmem (found, sizeof found, expected, sizeof expected);
}

/* Values that leave no scale. */
static void
test_int8_odd (void)
{
  static const struct {
    float value, scale;
  } cases[] = { { 0, 0 }, { 1e-42f, 0 }, { NAN, NAN }, { INFINITY, NAN },
    { -INFINITY, NAN } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    float values[] = { 0, cases[i].value };
    gint8 found[] = { 1, 1 };
    float scale = alexnet_int8_scale (values, 2);

    g_assert_cmpint (isnan (scale), ==, isnan (cases[i].scale));
    if (!isnan (scale))
      g_assert_cmpfloat_with_epsilon (scale, cases[i].scale, FLT_MIN);
    alexnet_int8_quantize (found, values, 2, scale);
    g_assert_cmpint (found[0], ==, 0);
    g_assert_cmpint (found[1], ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tensor/dtypes/golden", test_golden);
  g_test_add_func ("/tensor/dtypes/names", test_names);
  g_test_add_func ("/tensor/dtypes/f16", test_half);
  ADD_NAMED_CASES ("/tensor/order", orders, test_order);
  g_test_add_func ("/tensor/order/tight", test_tight);
  g_test_add_func ("/tensor/impossible", test_impossible);
  g_test_add_func ("/tensor/unbound", test_unbound);
  g_test_add_func ("/tensor/cut", test_cut);
  g_test_add_func ("/tensor/not-finite", test_not_finite);
  g_test_add_func ("/tensor/int8", test_int8);
  g_test_add_func ("/tensor/int8/odd", test_int8_odd);
  return g_test_run ();
}
