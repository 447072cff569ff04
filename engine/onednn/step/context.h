/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the parts of the oneDNN backend share while and after a network is
 * compiled. Thread-safety of everything here: one thread at a time. */

#ifndef ALEXNET_ONEDNN_CONTEXT_H
#define ALEXNET_ONEDNN_CONTEXT_H

#include "cpu.h"
#include "network/network.h"
#include "onednn/dnnl/compat.h"
#include "onednn/linear/kernels.h"

G_BEGIN_DECLS

/* Memory that all programs of a plan share, since one runs at a time. */
typedef enum {
  ONEDNN_BUFFER_A, /* a layer reads one of A and B */
  ONEDNN_BUFFER_B, /* and writes the other */
  ONEDNN_BUFFER_SCRATCHPAD,
  ONEDNN_BUFFER_FEATURES, /* between trunk and head */
  ONEDNN_BUFFER_OUTPUT,   /* what the head writes: float, plain */
  ONEDNN_N_BUFFERS,
  ONEDNN_BUFFER_NONE = ONEDNN_N_BUFFERS, /* set before each run */
} OnednnBuffer;

typedef struct _OnednnTuner OnednnTuner;

typedef struct {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_data_type_t type;  /* of weights and activations */
  guint block;            /* side of the pixel blocks that became
                             channels of layer 0; 1: it is as it was */
  AlexnetNetwork network; /* layer 0 as it is computed */
  GPtrArray *weights;
  GPtrArray *matrices;   /* of linear-matrix.h */
  gboolean int8;         /* convolutions compute with whole numbers */
  AlexnetIsa isa;        /* of our own loops */
  double loss_left;      /* of linear layers by LINEAR_S8: what remains of the
                            sum of the squares of their relative errors */
  OnednnStorage storage; /* of the weights in matrices */
  gboolean trial;        /* programs are only timed: all weights are 0 */
  OnednnTuner *tuner;    /* while compiling; NULL in a trial */
  gsize sizes[ONEDNN_N_BUFFERS];
  void *buffers[ONEDNN_N_BUFFERS];
} OnednnContext;

/* Sets `error` from the status of a call, given as text; returns FALSE. */
gboolean alexnet_onednn_fail (GError **error, const char *call,
    dnnl_status_t status);

/* In a function that returns gboolean and has `error`. */
#define ONEDNN_TRY(call)                                  \
  G_STMT_START                                            \
  {                                                       \
    dnnl_status_t status_ = (call);                       \
                                                          \
    if (status_ != dnnl_success)                          \
      return alexnet_onednn_fail (error, #call, status_); \
  }                                                       \
  G_STMT_END

/* Zeroed, aligned for huge pages when it is large; NULL and NO_MEMORY. Give
 * back with free(). */
void *alexnet_onednn_alloc (gsize size, GError **error);

/* `src` -> `dst` at once. */
gboolean alexnet_onednn_reorder (const OnednnContext *context,
    dnnl_memory_t src, dnnl_memory_t dst, GError **error);

typedef enum {
  ONEDNN_WEIGHTS,
  ONEDNN_BIAS,
  ONEDNN_INT8_WEIGHTS, /* of alexnet_onednn_int8_values() */
  ONEDNN_INT8_BIAS,
  ONEDNN_INT8_SCALES,
  ONEDNN_INT8_WINOGRAD, /* + what alexnet_int8_winograd_values() takes */
  /* + WinogradTile: what alexnet_winograd_weights() gives */
  ONEDNN_WINOGRAD = ONEDNN_INT8_WINOGRAD + 8,
} OnednnValues;

/* Values of a layer in the format of `wanted`; every format is made once, so
 * that programs of several batch sizes share it. `plain` describes them as the
 * model holds them, or as they were transformed, in float. The memory is the
 * context's. */
gboolean alexnet_onednn_weights_get (OnednnContext *context, guint layer,
    OnednnValues values, DnnlDesc plain, DnnlDesc wanted, dnnl_memory_t *memory,
    GError **error);

/* `n` values of a layer that stay floats, as they lie in such a memory. */
gboolean alexnet_onednn_floats_get (OnednnContext *context, guint layer,
    OnednnValues values, gsize n, const float **floats, GError **error);

/* Weights or bias as the layer computes with them, in float: [out, in / groups,
 * kH, kW] or [out]. g_free() them; NULL when memory is short. */
float *alexnet_onednn_layer_floats (const OnednnContext *context, guint layer,
    OnednnValues values);

GPtrArray *alexnet_onednn_weights_new (void);

/* Turns layer 0, when it is a convolution of few channels with a stride, into
 * one without: each block of stride x stride pixels becomes one pixel of
 * stride * stride times the channels, in the order channel, row, column.
 * AlexNet's 11x11 with stride 4 over [3,224,224] becomes 3x3 over [48,57,57],
 * which oneDNN computes several times faster. */
void alexnet_onednn_space_to_depth (OnednnContext *context);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_CONTEXT_H */
