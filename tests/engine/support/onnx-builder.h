/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ONNX graphs field by field, as onnx.proto has them, right or wrong. What is
 * put into something else is freed. */

#ifndef ONNX_BUILDER_H
#define ONNX_BUILDER_H

#include <glib.h>

G_BEGIN_DECLS

enum {
  ONNX_FLOAT = 1,
  ONNX_INT8 = 3,
  ONNX_INT64 = 7,
};

typedef struct {
  const char *op;
  const char *inputs[6]; /* ended by NULL */
  struct {
    const char *name;
    gint64 i;
    const char *s;
    gint64 ints[10];
    guint n_ints;
  } attributes[3]; /* ended by a NULL name */
  const char *domain, *output; /* NULL: "", "y" */
} OnnxBuilderNode;

/* A GraphProto with input x [1,3,8,8] and output y. */
GByteArray *onnx_builder_make_graph (void);

/* A ModelProto of opset 13. */
GByteArray *onnx_builder_make_model (GByteArray *graph);

/* A node named "n". */
void onnx_builder_put_node (GByteArray *graph, const OnnxBuilderNode *node);

/* An initialiser with raw data. */
void onnx_builder_put_tensor (GByteArray *graph, const char *name, guint type,
    const gint64 *dims, guint n_dims, const void *data, gsize size);

/* One of floats in another file; entries are key and value in turn, ended by
 * NULL. */
void onnx_builder_put_external (GByteArray *graph, const char *name,
    const gint64 *dims, guint n_dims, const char *const *entries);

/* An input (11) or output (12). */
void onnx_builder_put_value_info (GByteArray *graph, guint number,
    const char *name, guint type, const gint64 *dims, guint n_dims);

G_END_DECLS

#endif /* ONNX_BUILDER_H */
