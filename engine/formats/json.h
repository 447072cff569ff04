/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON from a model's files. */

#ifndef ALEXNET_JSON_H
#define ALEXNET_JSON_H

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Bytes of JSON in a file. */
#define ALEXNET_MAX_JSON (16u << 20)

/* Parses JSON, the same whatever json-glib is there. All strings in it are
 * UTF-8 and all numbers finite. FORMAT for what alexnet_json_check_syntax()
 * refuses, text that is not UTF-8 and too much of it; `what` is the subject of
 * the message. */
JsonNode *alexnet_json_parse (const char *text, gsize size, const char *what,
    GError **error);

/* What a node holds, borrowed; NULL when it is NULL or holds something else. */
const char *alexnet_json_get_string (JsonNode *node);
JsonObject *alexnet_json_get_object (JsonNode *node);
JsonArray *alexnet_json_get_array (JsonNode *node);

/* NAN when it is no number. */
double alexnet_json_get_number (JsonNode *node);

/* FALSE when it is no whole number from 0 on. */
gboolean alexnet_json_get_size (JsonNode *node, guint64 *size);

/* Appends a member of an object that is not its first, an array of finite
 * numbers. */
void alexnet_json_append_numbers (GString *json, const char *key,
    const double *values, guint n);

G_END_DECLS

#endif /* ALEXNET_JSON_H */
