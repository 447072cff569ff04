/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of classificationjson share. */

#ifndef ALEXNET_TEST_JSON_HELPERS_H
#define ALEXNET_TEST_JSON_HELPERS_H

#include <json-glib/json-glib.h>

#include "helpers.h"

#define TEST_CAT "labels=<cat>, class-ids=<3>, confidences=<(float)0.75>"

/* Between two pads, for frames of 32x32 RGB: the bin that printf-like
 * arguments describe. */
GstHarness *test_harness_new (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* A classificationjson that writes a file, behind these elements: "" or
 * "... ! ". */
typedef struct {
  GstHarness *harness;
  GstElement *element; /* the classificationjson */
  char *path;          /* of the file, which is removed at the end */
} JsonFile;

JsonFile *test_json_file_new (const char *upstream);
void test_json_file_free (JsonFile *file);

/* A frame with the fields of a result, see test_add_result(), or NULL. */
GstBuffer *test_buffer_new (const char *fields);

/* Cuts into lines; each must end with a newline, which goes. Takes
 * `contents`. */
char **test_split_lines (char *contents);
char **test_read_lines (const char *path);
void test_expect_n_lines (const char *path, guint n);

/* Fails when it is no object. */
JsonObject *test_parse_line (const char *line);
/* The only line of a file. */
JsonObject *test_parse_file (const char *path);

/* Of a line; borrowed. */
JsonObject *test_nth_json_region (JsonObject *line, guint i);

#endif /* ALEXNET_TEST_JSON_HELPERS_H */
