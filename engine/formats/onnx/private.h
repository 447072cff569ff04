/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_ONNX_PRIVATE_H
#define ALEXNET_ONNX_PRIVATE_H

#include "formats/affine.h"
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
  guint n_columns;              /* when they are a matrix; else 0 */
  char *unusable;               /* why it is neither: "is of type INT8" */
  gboolean used;
} OnnxValue;

/* The shape of what a node gave, of two, four or, of an LRN's branch, five
 * dimensions. */
typedef struct {
  gint64 ints[5];
  guint n;
} OnnxSizes;

/* PyTorch has no LRN in ONNX: it is a branch beside the chain, from the squares
 * to what the picture is divided by, and is read node by node. */
typedef struct {
  char *name;                   /* what its last node gave; NULL: no branch */
  guint stage;
  guint pads[2];                /* channels of zeros before and behind */
  AlexnetLayer layer;           /* as far as it is known */
} OnnxNorm;

#define ONNX_MAX_COLOURS 3
#define ONNX_UINT8 2 /* of TensorProto's types */

/* What becomes of a picture before the first layer: scale * x + shift. */
typedef struct {
  gboolean bytes;               /* the input is of bytes */
  double scale[ONNX_MAX_COLOURS], shift[ONNX_MAX_COLOURS];
} OnnxPixels;

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
  GHashTable *sizes;            /* char * -> OnnxSizes, of all nodes */
  gboolean in_branch;           /* of an If */
  OnnxNorm norm;
  gboolean flat;                /* it is [N,C], not [N,C,H,W] */
  gboolean channels_last;       /* [N,H,W,C], or [N,C] made of that */
  OnnxPixels pixels;
  AlexnetAffine affine;         /* what waits for the next layer */
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

/* Whether pads come from the attribute `pads`, or are as many as make the
 * output as large as the input divided by the stride. */
typedef enum { ONNX_NOTSET, ONNX_SAME_LOWER, ONNX_SAME_UPPER } OnnxAutoPad;

gboolean alexnet_onnx_read_auto_pad (OnnxReader *graph, const OnnxCall *call,
    OnnxAutoPad *mode, GError **error);

/* The value of the i-th input; FORMAT, naming it, when it is not known without
 * the picture, cannot be used, or is no weights or no list of whole numbers. */
const OnnxValue *alexnet_onnx_value (const OnnxReader *graph,
    const OnnxCall *call, guint i, GError **error);
const OnnxValue *alexnet_onnx_weights (const OnnxReader *graph,
    const OnnxCall *call, guint i, GError **error);
const OnnxValue *alexnet_onnx_ints (const OnnxReader *graph,
    const OnnxCall *call, guint i, GError **error);

/* Whole numbers that are an attribute, or since some opset the second input. */
gboolean alexnet_onnx_ints_of (const OnnxReader *graph, const OnnxCall *call,
    const char *name, const gint64 **ints, guint *n, GError **error);

/* Of all nodes, by their messages' ranges: FORMAT for a quantised network; runs
 * them in their order. */
gboolean alexnet_onnx_check_nodes (OnnxReader *graph, const GArray *ranges,
    GError **error);
gboolean alexnet_onnx_run_nodes (OnnxReader *graph, const GArray *ranges,
    GError **error);

/* What a node does: to the table when it computes something from the picture,
 * to graph->values when it does not. */
typedef struct {
  const char *name;
  gboolean either;              /* a layer's input may be its second one too */
  const char *attributes;       /* all that it can have, blanks between */
  gboolean (*read) (OnnxReader *graph, const OnnxCall *call, GError **error);
} OnnxOperator;

/* Ended by a NULL name. */
extern const OnnxOperator alexnet_onnx_affine[];
extern const OnnxOperator alexnet_onnx_shapes[];
extern const OnnxOperator alexnet_onnx_layers[];
extern const OnnxOperator alexnet_onnx_constants[];

/* ---- pixels -------------------------------------------------------------- */

void alexnet_onnx_pixels_init (OnnxPixels *pixels, gboolean bytes);

/* Multiplies each of `n` channels by a number, and adds one; NULL: 1, 0. */
void alexnet_onnx_pixels_change (OnnxPixels *pixels, const double *scale,
    const double *shift, guint n);

/* Puts into the metadata what has become of the pixels. FORMAT when that is not
 * how pictures of 0..1 or 0..255 are normalised, or when the metadata says so
 * as well. */
gboolean alexnet_onnx_pixels_describe (OnnxReader *graph, GError **error);

/* ---- shapes -------------------------------------------------------------- */

/* FORMAT when what the last node gave is not [N,C] or [N,C,H,W]. */
gboolean alexnet_onnx_needs (const OnnxReader *graph, gboolean flat,
    GError **error);

/* Calls what the last node gave by that name. */
void alexnet_onnx_set_current (OnnxReader *graph, const char *name);

/* Its four sizes in a layout. */
void alexnet_onnx_sizes_of (const OnnxReader *graph, gboolean channels_last,
    gint64 sizes[4]);

/* Whether a Reshape can give these sizes: of them one may be -1, and that of N
 * also 0, or 1 when there is no more than one picture. */
gboolean alexnet_onnx_is_shape (const gint64 *ints, const gint64 *sizes,
    guint n);

/* ---- numbers of channels ------------------------------------------------- */

/* One float for each of `n` channels: [n], or a number of dimensions of which
 * all but the `axis`-th from the end are 1; or one for all. */
gboolean alexnet_onnx_read_vector (const OnnxValue *value, guint n, guint axis,
    double *out, GError **error);

/* ---- LRN in parts -------------------------------------------------------- */

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
