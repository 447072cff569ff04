/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Between the two halves of the software cuDNN: descriptors become a
 * SoftGraph, plain data, and a SoftGraph is computed. */

#ifndef SOFTGPU_CUDNN_GRAPH_H
#define SOFTGPU_CUDNN_GRAPH_H

#include <cudnn.h>

#include "private.h"

G_BEGIN_DECLS

/* Dimensions N, C, H, W; strides in values. */
typedef struct {
  gint64 uid;
  gint64 dims[4], strides[4];
  gint64 alignment;
  cudnnDataType_t type;
  guint is_virtual;
} SoftTensor;

typedef enum {
  SOFT_OP_CONVOLUTION, /* y = x * b, cross-correlation */
  SOFT_OP_ADD,         /* y = x + b, b broadcast */
  SOFT_OP_RELU,
} SoftOpKind;

typedef struct {
  SoftOpKind kind;
  guint x, b, y; /* indices of tensors */
  gint64 padding[2], end_padding[2], strides[2], dilations[2];
} SoftOp;

#define SOFT_MAX_TENSORS 8
#define SOFT_MAX_OPS 4

typedef struct {
  guint n_tensors, n_ops;
  SoftTensor tensors[SOFT_MAX_TENSORS];
  SoftOp ops[SOFT_MAX_OPS];
} SoftGraph;

/* How an engine computes; what the device offers differs by precision. */
typedef struct {
  guint id;
  guint numerical, behavior; /* bit 1 << note */
  gsize workspace;
  double speed;         /* of the others' 1 */
  int build_status;     /* with which its plans fail to finalise */
  int run_status;       /* with which they fail to run */
  gboolean waits;       /* they wait for the device, which a capture forbids */
  gboolean floats_only; /* serves tensors of FLOAT */
} SoftEngine;

const SoftEngine *soft_engine_find (guint id);

/* Writes the ids of the engines that serve `graph`, best guess first. */
guint soft_engines_list (const SoftGraph *graph, cudnnBackendHeurMode_t mode,
    guint ids[]);
#define SOFT_MAX_ENGINES 16

typedef struct {
  SoftGraph graph;
  guint engine;
  void *pointers[SOFT_MAX_TENSORS]; /* NULL: virtual */
} SoftExecution;

/* A piece of device work; `data` is a SoftExecution. Results do not depend on
 * the engine but for the rounding that its notes announce. */
void soft_execute (void *data);

/* A finding where pointers and tensors do not fit. */
void soft_execution_check (const SoftExecution *execution);
double soft_execution_time (const SoftExecution *execution);

#define SOFT_MAX_ATTRIBUTES 10

typedef struct {
  cudnnBackendAttributeName_t name;
  cudnnBackendAttributeType_t type;
  gint64 n;
  void *values; /* of BACKEND_DESCRIPTOR: referenced */
} SoftAttribute;

typedef struct {
  int n_refs;
  cudnnBackendDescriptorType_t type;
  gboolean finalized;
  guint n_attributes;
  SoftAttribute attributes[SOFT_MAX_ATTRIBUTES];

  SoftGraph graph; /* of an operation graph and what comes from it */
  guint engine;    /* of a configuration and what comes from it */
  gboolean loaded; /* a plan's code: it has run */
} SoftDescriptor;

/* NULL where the descriptor has no such attribute. */
const SoftAttribute *soft_attribute_find (const SoftDescriptor *d,
    cudnnBackendAttributeName_t name);
const void *soft_attribute_values (const SoftDescriptor *d,
    cudnnBackendAttributeName_t name);
const SoftDescriptor *soft_attribute_child (const SoftDescriptor *d,
    cudnnBackendAttributeName_t name);

/* Of an attribute that is there. */
gint64 soft_attribute_integer (const SoftDescriptor *d,
    cudnnBackendAttributeName_t name);
int soft_attribute_enum (const SoftDescriptor *d,
    cudnnBackendAttributeName_t name);

/* Works out the graph of an operation graph. */
cudnnStatus_t soft_graph_read (SoftDescriptor *d);

/* A plan's graph and engine as JSON; FALSE when `json` is damaged. */
char *soft_plan_to_json (const SoftDescriptor *d);
gboolean soft_plan_from_json (SoftDescriptor *d, const char *json);

G_END_DECLS

#endif /* SOFTGPU_CUDNN_GRAPH_H */
