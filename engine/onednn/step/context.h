/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the parts of the oneDNN backend share while and after a network is
 * compiled. Thread-safety of everything here: one thread at a time. */

#ifndef ALEXNET_ONEDNN_CONTEXT_H
#define ALEXNET_ONEDNN_CONTEXT_H

#include "cpu.h"
#include "network/network.h"
#include "onednn/dnnl/memory.h"

G_BEGIN_DECLS

/* Memory that all programs of a plan share, since one runs at a time. */
typedef enum {
  ONEDNN_BUFFER_A, /* a layer reads one of A and B */
  ONEDNN_BUFFER_B, /* and writes the other */
  ONEDNN_BUFFER_SCRATCHPAD,
  ONEDNN_BUFFER_FEATURES,  /* between trunk and head */
  ONEDNN_BUFFER_EMBEDDING, /* what the last linear layer reads: float, plain */
  ONEDNN_BUFFER_OUTPUT,    /* what the head writes: float, plain */
  ONEDNN_N_BUFFERS,
  ONEDNN_BUFFER_NONE = ONEDNN_N_BUFFERS, /* set before each run */
} OnednnBuffer;

/* Of linear/ and of plan/, which alone look into them. */
typedef struct _OnednnMatrices OnednnMatrices;
typedef struct _OnednnTuner OnednnTuner;

typedef struct {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_data_type_t type;  /* of weights and activations */
  guint block;            /* side of the pixel blocks that became
                             channels of layer 0; 1: it is as it was */
  AlexnetNetwork network; /* layer 0 as it is computed */
  GPtrArray *weights;     /* of weights.h */
  OnednnMatrices *matrices;
  gboolean int8;      /* convolutions compute with whole numbers */
  AlexnetIsa isa;     /* of our own loops */
  gboolean trial;     /* programs are only timed: all weights are 0 */
  OnednnTuner *tuner; /* while compiling; NULL in a trial */
  gsize sizes[ONEDNN_N_BUFFERS];
  void *buffers[ONEDNN_N_BUFFERS];
} OnednnContext;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_CONTEXT_H */
