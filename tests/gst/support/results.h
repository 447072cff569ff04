/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a buffer was classified as, read from its metadata. */

#ifndef ALEXNET_TEST_RESULTS_H
#define ALEXNET_TEST_RESULTS_H

#include <gst/gst.h>

#define TEST_RESULT "alexnet-classification"

/* Of the demonstration model. */
#define TEST_N_CLASSES 10

/* NULL when the buffer carries no result. */
const GstStructure *test_get_result (GstBuffer *buffer);

/* Field "regions" of the buffer's result: how many, one of them. */
guint test_n_regions (GstBuffer *buffer);
const GstStructure *test_nth_region (GstBuffer *buffer, guint i);

/* The kept classes of a result, best first. */
guint test_n_classes (const GstStructure *result);
const char *test_nth_label (const GstStructure *result, guint i);
int test_nth_class (const GstStructure *result, guint i);
float test_nth_confidence (const GstStructure *result, guint i);
int test_best_class (const GstStructure *result);
float test_best_confidence (const GstStructure *result);

/* Fail where there is no such field. */
gboolean test_is_stale (const GstStructure *result);
guint64 test_get_uint64 (const GstStructure *structure, const char *field);

/* x: the buffer has a result, s: a stale one, -: none. */
char test_result_kind (GstBuffer *buffer);

/* Probabilities by class, of a result that has all of them; added to what is
 * there; and whether they are nearly those. */
void test_get_probabilities (const GstStructure *result, double *probabilities);
void test_add_probabilities (const GstStructure *result, double *sum);
void test_expect_near (const double *found, const double *expected);

/* Attaches what an alexnetclassify could have: fields in the notation of
 * gst_structure_from_string(), as "labels=<cat>, class-ids=<3>, ...". The
 * plugin is loaded. The structure belongs to the buffer. */
GstStructure *test_add_result (GstBuffer *buffer, const char *fields);

#endif /* ALEXNET_TEST_RESULTS_H */
