/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "results.h"

#include <gst/check/gstcheck.h>

const GstStructure *
test_get_result (GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, TEST_RESULT);

  return meta ? gst_custom_meta_get_structure (meta) : NULL;
}

static const GValue *
get_regions (GstBuffer *buffer)
{
  const GstStructure *result = test_get_result (buffer);

  return result ? gst_structure_get_value (result, "regions") : NULL;
}

guint
test_n_regions (GstBuffer *buffer)
{
  const GValue *regions = get_regions (buffer);

  return regions ? gst_value_array_get_size (regions) : 0;
}

const GstStructure *
test_nth_region (GstBuffer *buffer, guint i)
{
  fail_unless (i < test_n_regions (buffer), "there is no region %u", i);
  return gst_value_get_structure (
      gst_value_array_get_value (get_regions (buffer), i));
}

static const GValue *
get_nth (const GstStructure *result, const char *field, guint i)
{
  const GValue *array = gst_structure_get_value (result, field);

  fail_unless (array && i < gst_value_array_get_size (array),
      "%s has no element %u", field, i);
  return gst_value_array_get_value (array, i);
}

guint
test_n_classes (const GstStructure *result)
{
  return gst_value_array_get_size (gst_structure_get_value (result,
      "class-ids"));
}

const char *
test_nth_label (const GstStructure *result, guint i)
{
  return g_value_get_string (get_nth (result, "labels", i));
}

int
test_nth_class (const GstStructure *result, guint i)
{
  return g_value_get_int (get_nth (result, "class-ids", i));
}

float
test_nth_confidence (const GstStructure *result, guint i)
{
  return g_value_get_float (get_nth (result, "confidences", i));
}

int
test_best_class (const GstStructure *result)
{
  return test_nth_class (result, 0);
}

float
test_best_confidence (const GstStructure *result)
{
  return test_nth_confidence (result, 0);
}

gboolean
test_is_stale (const GstStructure *result)
{
  gboolean stale;

  fail_unless (gst_structure_get_boolean (result, "stale", &stale),
      "no gboolean stale in the structure");
  return stale;
}

guint64
test_get_uint64 (const GstStructure *structure, const char *field)
{
  guint64 value;

  fail_unless (gst_structure_get_uint64 (structure, field, &value),
      "no guint64 %s in the structure", field);
  return value;
}

char
test_result_kind (GstBuffer *buffer)
{
  const GstStructure *result = test_get_result (buffer);

  if (!result)
    return '-';
  return test_is_stale (result) ? 's' : 'x';
}

void
test_add_probabilities (const GstStructure *result, double *sum)
{
  fail_unless_equals_int (test_n_classes (result), TEST_N_CLASSES);
  for (guint i = 0; i < TEST_N_CLASSES; i++)
    sum[test_nth_class (result, i)] += test_nth_confidence (result, i);
}

void
test_get_probabilities (const GstStructure *result, double *probabilities)
{
  memset (probabilities, 0, TEST_N_CLASSES * sizeof *probabilities);
  test_add_probabilities (result, probabilities);
}

void
test_expect_near (const double *found, const double *expected)
{
  for (guint i = 0; i < TEST_N_CLASSES; i++)
    fail_unless (ABS (found[i] - expected[i]) < 1e-5,
        "class %u: %f, expected %f", i, found[i], expected[i]);
}

static gboolean
copy_field (GQuark field, const GValue *value, gpointer structure)
{
  gst_structure_id_set_value (structure, field, value);
  return TRUE;
}

GstStructure *
test_add_result (GstBuffer *buffer, const char *fields)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, TEST_RESULT);
  GstStructure *result = gst_custom_meta_get_structure (meta);
  char *text = g_strdup_printf ("%s, %s", TEST_RESULT, fields);
  GstStructure *source = gst_structure_from_string (text, NULL);

  fail_unless (source != NULL, "%s", text);
  gst_structure_foreach (source, copy_field, result);
  gst_structure_free (source);
  g_free (text);
  return result;
}
