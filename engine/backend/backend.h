/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a backend must do. Its callers, run/ and calibration/, have checked
 * every argument but those that name a device, a context or a stream of it, so
 * a backend checks no others. */

#ifndef ALEXNET_BACKEND_H
#define ALEXNET_BACKEND_H

#include "network/network.h"
#include "preprocess/preprocess.h"

G_BEGIN_DECLS

typedef struct _AlexnetBackend AlexnetBackend;

typedef struct {
  AlexnetPrecision precision;
  guint cpu_threads;            /* >= 1 */
  guint cuda_device;            /* ordinal; open checks that it is there */
  void *cuda_context;           /* CUcontext; NULL = the device's primary one */
  guint max_batch_size;         /* most slots that one infer covers */
  guint n_slots;                /* >= max_batch_size */
  gboolean embedding;           /* get_embeddings will be called; there is a
                                   LINEAR */
} AlexnetPlanParams;

/* A network compiled for a device. Backends embed this as first member and
 * fill it in open. */
typedef struct {
  const AlexnetBackend *backend; /* what is to be done with the plan is asked
                                    of this one; of a module, its own */
  AlexnetPrecision precision;   /* what really runs, never AUTO */
  char *choices;                /* what was tuned, a line each, or NULL */
} AlexnetPlan;

struct _AlexnetBackend {
  const char *name;

  /* How many devices cuda_device can name, those that open may refuse among
   * them. UNSUPPORTED as open. NULL: it does not look at cuda_device. */
  gboolean (*count_devices) (guint *n, GError **error);

  /* Bit 1 << AlexnetMemory for each kind of memory that stage can read. */
  guint memories;

  /* Running one image makes infer as fast as it gets, for any number of them.
   * FALSE: running max_batch_size does. */
  gboolean warm_after_one;

  /* Compiles `network` (all weights bound; any table, down to one layer) and
   * allocates everything that stage and infer will need. The network and its
   * tensors outlive the plan. On a thread that is none of an application's, by
   * alexnet_backend_call_apart(). UNSUPPORTED with the reason when this machine
   * cannot run it; NO_MEMORY; DEVICE; and what alexnet_tensor_to_float() says
   * of the weights. */
  AlexnetPlan *(*open) (const AlexnetNetwork *network,
      const AlexnetPlanParams *params, GError **error);
  void (*close) (AlexnetPlan *plan);    /* nothing is running */

  /* Pixels -> the slot's input. Called on the submitting thread; several
   * slots may be staged at once, each by its own thread, also while infer
   * runs on others. Allocates for an image larger than all before, if at all;
   * NO_MEMORY leaves the plan as it was. INVALID: the image's cuda_stream.
   * DEVICE = the plan is lost. */
  gboolean (*stage) (AlexnetPlan *plan, guint slot, const AlexnetImage *image,
      AlexnetTransform *transform, GError **error);

  /* A ready [C,H,W] tensor -> the slot's input. Same rules. */
  gboolean (*stage_tensor) (AlexnetPlan *plan, guint slot,
      const float *tensor, GError **error);

  /* Runs slots first .. first + n - 1, n <= max_batch_size, all staged, and
   * writes the output of each as [C,H,W] floats to outputs[i]. One thread at a
   * time, none of an application's: what it makes of denormals and how many
   * others help it is the backend's from then on. Must not allocate, but for
   * these helpers. DEVICE = the plan is lost. */
  gboolean (*infer) (AlexnetPlan *plan, guint first, guint n,
      float *const *outputs, GError **error);

  /* The same for a network that ends in a softmax over [C,1,1], but writes to
   * best[i] what AlexnetResult says there. NULL: infer serves as well. */
  gboolean (*infer_best) (AlexnetPlan *plan, guint first, guint n,
      AlexnetBest *const *best, GError **error);

  /* What the last LINEAR read of each image of the infer or infer_best that
   * went before, of `n`: [C,H,W] floats to embeddings[i]. On its thread. */
  void (*get_embeddings) (AlexnetPlan *plan, guint n, float *const *embeddings);

  /* Bytes that the plan holds on the device now. Any thread, at any time.
   * NULL: it computes in host memory. */
  guint64 (*get_device_memory) (AlexnetPlan *plan);
};

G_END_DECLS

#endif /* ALEXNET_BACKEND_H */
