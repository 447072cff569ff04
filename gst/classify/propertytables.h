/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The element's properties as rows of tables, one table a topic. Only the
 * tables and properties.c include this: its words are short. */

#ifndef GST_ALEXNET_PROPERTYTABLES_H
#define GST_ALEXNET_PROPERTYTABLES_H

#include "settings.h"

G_BEGIN_DECLS

#define READY \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

typedef enum {
  STRING,
  BOOLEAN,
  INT,
  UINT,
  UINT64,
  FLOAT,
  ENUM,
  FLAGS,
  CHANNELS,
  STRUCTURE,
} GstAlexnetPropertyKind;

typedef struct {
  guint id;
  GstAlexnetPropertyKind kind;
  const char *name, *nick, *blurb;
  GParamFlags flags;
  gint64 min, max;       /* of INT to FLOAT */
  double value;          /* the default of BOOLEAN to FLAGS */
  const char *text;      /* the default of STRING */
  const char *type;      /* of ENUM and FLAGS, with their values: */
  gconstpointer choices; /* GEnumValue or GFlagsValue */
} GstAlexnetProperty;

/* Each ends with a row without a name. */
extern const GstAlexnetProperty gst_alexnet_model_properties[];
extern const GstAlexnetProperty gst_alexnet_result_properties[];
extern const GstAlexnetProperty gst_alexnet_region_properties[];
extern const GstAlexnetProperty gst_alexnet_state_properties[];
extern const GstAlexnetProperty gst_alexnet_gate_properties[];
extern const GstAlexnetProperty gst_alexnet_example_properties[];
extern const GstAlexnetProperty gst_alexnet_readonly_properties[];

/* By GstAlexnetBackend. */
extern const GEnumValue gst_alexnet_backends[];

G_END_DECLS

#endif /* GST_ALEXNET_PROPERTYTABLES_H */
