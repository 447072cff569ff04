/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A reading as a line of JSON: what classificationjson.schema.json says. */

#ifndef GST_ALEXNET_JSONLINE_H
#define GST_ALEXNET_JSONLINE_H

#include "meta/reader.h"

G_BEGIN_DECLS

/* One object and a newline; to be freed. What is unknown, and numbers that are
 * not finite, are null. */
char *gst_alexnet_json_line (const GstAlexnetReading *reading);

G_END_DECLS

#endif /* GST_ALEXNET_JSONLINE_H */
