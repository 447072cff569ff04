/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list of steps for one batch size, each of which reads what the one before
 * it wrote. A step is a primitive of oneDNN or an operation of our own. */

#ifndef ALEXNET_ONEDNN_PROGRAM_H
#define ALEXNET_ONEDNN_PROGRAM_H

#include "context.h"

G_BEGIN_DECLS

/* Something that oneDNN does not compute, or not as fast. Who makes one embeds
 * this as first member. */
typedef struct _OnednnOperation OnednnOperation;
struct _OnednnOperation {
  /* Reads src and writes dst, which are as the program's memories before and
   * behind the step. May use scratch_size bytes of ONEDNN_BUFFER_SCRATCHPAD
   * and the threads that OpenMP gives to the calling one. Must not allocate. */
  gboolean (*run) (const OnednnOperation *operation,
      const OnednnContext *context, const void *src, void *dst, GError **error);
  void (*free) (OnednnOperation *operation);
  gsize scratch_size;
  const char *isa; /* that its products run on; NULL: it has none */
};

typedef struct _OnednnProgram OnednnProgram;

/* Reads memory like `src`. The context outlives the program. NO_MEMORY. */
OnednnProgram *alexnet_onednn_program_new (OnednnContext *context, guint batch,
    DnnlDesc src, GError **error);
void alexnet_onednn_program_free (OnednnProgram *program);

OnednnContext *
alexnet_onednn_program_get_context (const OnednnProgram *program);
guint alexnet_onednn_program_get_batch (const OnednnProgram *program);

/* The steps that come next are layer `layer`'s. With $ALEXNET_CPU_PROFILE set
 * to anything the time of each layer goes to standard error when the program
 * is freed; it is for looking into the speed of an engine. */
void alexnet_onednn_program_begin_layer (OnednnProgram *program, guint layer);

/* What the last step wrote. Lives until the next one is added. */
DnnlDesc alexnet_onednn_program_get_desc (const OnednnProgram *program);

/* Attributes that every primitive of a program must have. */
gboolean alexnet_onednn_attr_new (dnnl_primitive_attr_t *attr, gboolean relu,
    GError **error);

/* Appends a primitive that reads what the last step wrote and writes memory
 * like `dst`. `weights` and `bias` are both NULL or neither. */
gboolean alexnet_onednn_program_add (OnednnProgram *program,
    dnnl_primitive_desc_t desc, DnnlDesc dst, dnnl_memory_t weights,
    dnnl_memory_t bias, GError **error);

/* Gives the last step, a primitive, one more argument. */
void alexnet_onednn_program_add_arg (OnednnProgram *program, int arg,
    dnnl_memory_t memory);

/* The same for an operation, which the program frees, also when this fails. */
gboolean alexnet_onednn_program_add_operation (OnednnProgram *program,
    OnednnOperation *operation, DnnlDesc dst, GError **error);

/* Brings what the last step wrote into the format of `wanted`, if it is not. */
gboolean alexnet_onednn_program_add_reorder (OnednnProgram *program,
    DnnlDesc wanted, GError **error);

/* The instruction set that the products of the last layer with weights run on,
 * by whom computes them; "-" where there is none. The program's. */
const char *alexnet_onednn_program_get_isa (const OnednnProgram *program);

/* Makes the program end in memory like `dst`, once, and notes in the context
 * how large its buffers must be. */
gboolean alexnet_onednn_program_finish (OnednnProgram *program, DnnlDesc dst,
    GError **error);

/* Gives the program the context's buffers, which are now allocated. */
gboolean alexnet_onednn_program_attach (OnednnProgram *program, GError **error);

/* Does not allocate. */
gboolean alexnet_onednn_program_run (OnednnProgram *program, void *src,
    void *dst, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_PROGRAM_H */
