/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_ONNX_PRIVATE_H
#define ALEXNET_ONNX_PRIVATE_H

#include "formats/formats.h"
#include "schema.h"

G_BEGIN_DECLS

#define ONNX_MAX_INTS 16

/* What a graph knows without its input: weights, or a list of whole numbers as
 * shapes are made of. A dimension that the input leaves open is a 0 there,
 * which Reshape takes to mean "as it is". */
typedef struct {
  char *name;                   /* of the initialiser that it comes from; a
                                   GRefString, as many may come from one */
  AlexnetTensor tensor;         /* when bound: floats */
  gboolean is_ints;
  guint n_ints;
  gint64 ints[ONNX_MAX_INTS];
  char *unusable;               /* why it is neither: "is of type INT8" */
  gboolean used;
} OnnxValue;

/* PyTorch has no LRN in ONNX: it is a branch beside the chain, from the squares
 * to what the picture is divided by, and is read node by node. */
typedef struct {
  char *name;                   /* what its last node gave; NULL: no branch */
  guint stage;
  guint pads[2];                /* channels of zeros before and behind */
  AlexnetLayer layer;           /* as far as it is known */
} OnnxNorm;

/* A graph that is being read. */
typedef struct {
  AlexnetModelSource *source;
  AlexnetFile *file;
  AlexnetWireReader *reader;
  gint64 opset;
  gint64 batch;                 /* pictures that the input has; 0: any */
  GHashTable *values;           /* char * -> OnnxValue */
  GHashTable *external;         /* location -> AlexnetFile of source->files */
  GPtrArray *current;           /* names of what the last node gave */
  OnnxNorm norm;
  gboolean flat;                /* it is [N,C], not [N,C,H,W] */
  guint64 n_folded;             /* values that were changed by folding */
} OnnxReader;

/* A node with its attributes. */
typedef struct {
  OnnxNode message;
  GArray *attributes;           /* of OnnxAttribute */
} OnnxCall;

/* ---- values -------------------------------------------------------------- */

OnnxValue *alexnet_onnx_value_new (const char *name);
void alexnet_onnx_value_free (OnnxValue *value);

/* Reads a TensorProto, whose numbers lie in it or in a file beside. One that
 * the engine cannot use is no error; one that contradicts itself is. */
OnnxValue *alexnet_onnx_value_read (OnnxReader *graph,
    const AlexnetWireRange *range, GError **error);

/* Whether a type of TensorProto is one of floats that the engine knows. */
gboolean alexnet_onnx_is_float (gint64 data_type);

/* Takes the value over. FORMAT when the name is taken. */
gboolean alexnet_onnx_value_add (OnnxReader *graph, const char *name,
    OnnxValue *value, GError **error);

/* ---- nodes --------------------------------------------------------------- */

/* Reads a NodeProto into a zero-initialised call; clear it, also after an
 * error. */
gboolean alexnet_onnx_call_read (OnnxReader *graph, OnnxCall *call,
    const AlexnetWireRange *range, GError **error);
void alexnet_onnx_call_clear (OnnxCall *call);

/* The i-th input; NULL: it is left out. */
const char *alexnet_onnx_input (const OnnxCall *call, guint i);

/* Whether that is what the last node gave. */
gboolean alexnet_onnx_is_current (const OnnxReader *graph, const char *name);

/* NULL when there is none. */
const OnnxAttribute *alexnet_onnx_attribute (const OnnxCall *call,
    const char *name);
gint64 alexnet_onnx_int (const OnnxCall *call, const char *name,
    gint64 otherwise);
float alexnet_onnx_float (const OnnxCall *call, const char *name,
    float otherwise);

/* `n` sizes of an attribute, all `otherwise` when it is not there. */
gboolean alexnet_onnx_sizes (const OnnxCall *call, const char *name,
    guint *sizes, guint n, guint otherwise, GError **error);

/* FORMAT when padding is left to whoever runs the graph. */
gboolean alexnet_onnx_check_auto_pad (OnnxReader *graph, const OnnxCall *call,
    GError **error);

/* The value of the i-th input; FORMAT, naming it, when it is not known without
 * the picture, cannot be used, or is no weights or no whole numbers. */
const OnnxValue *alexnet_onnx_value (const OnnxReader *graph,
    const OnnxCall *call, guint i, GError **error);
const OnnxValue *alexnet_onnx_weights (const OnnxReader *graph,
    const OnnxCall *call, guint i, GError **error);
const OnnxValue *alexnet_onnx_ints (const OnnxReader *graph,
    const OnnxCall *call, guint i, GError **error);

/* Whole numbers that are an attribute, or since some opset the second input. */
gboolean alexnet_onnx_ints_of (const OnnxReader *graph, const OnnxCall *call,
    const char *name, const gint64 **ints, guint *n, GError **error);

/* What a node does: to the table when it computes something from the picture,
 * to graph->values when it does not. */
typedef struct {
  const char *name;
  gboolean either;              /* a layer's input may be its second one too */
  const char *attributes;       /* all that it can have, blanks between */
  gboolean (*read) (OnnxReader *graph, const OnnxCall *call, GError **error);
} OnnxOperator;

/* Ended by a NULL name. */
extern const OnnxOperator alexnet_onnx_layers[];
extern const OnnxOperator alexnet_onnx_constants[];

/* What a node does that is the next of an LRN in parts, or its first one; else
 * NULL. */
const OnnxOperator *alexnet_onnx_find_norm (const OnnxReader *graph,
    const OnnxCall *call);

/* Whether the branch can be nothing but one. */
gboolean alexnet_onnx_norm_is_sure (const OnnxNorm *norm);

/* Forgets the branch. */
void alexnet_onnx_norm_clear (OnnxNorm *norm);

G_END_DECLS

#endif /* ALEXNET_ONNX_PRIVATE_H */
