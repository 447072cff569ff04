/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every kernel of the engine on numbers like those that it meets: the tests
 * compare what instruction sets make of them, and the benchmark times it. Both
 * walk the lists below, which are made of the engine's kernels.inc: an entry
 * there without its `kernel_NAME` here does not link. */

#ifndef KERNELS_H
#define KERNELS_H

#include "cpu.h"

G_BEGIN_DECLS

/* The relative error of one rounding in float. */
#define KERNEL_ROUNDING 0x1p-24

typedef enum {
  KERNEL_FLOATS,
  KERNEL_BYTES,  /* guint8 */
  KERNEL_WHOLES, /* gint32 */
} KernelNumbers;

/* What a kernel reads, and room for what it writes. Who makes one embeds this
 * as first member. */
typedef struct {
  gsize n;            /* results */
  KernelNumbers type; /* of them */
  guint8 before;      /* what every byte of them is before a call */
  void *out;          /* [n] */
  double *expected;   /* [n], by the definition in plain C; at first, what is
                         not touched */
  double *tolerance;  /* [n], 0 at first */
  GPtrArray *memory;
  void (*clear) (gpointer call); /* frees what else there is, or NULL */
} KernelCall;

typedef struct {
  gboolean exact; /* all sets give the same bits */

  /* Variant 0 is what is timed; NULL behind the last one. */
  gpointer (*make) (guint variant);

  /* Calls the kernel of a set that is there. */
  void (*run) (gpointer call, AlexnetIsa isa);

  /* Where in `out` a set puts result `i`; NULL: at i. */
  gsize (*find) (gconstpointer call, AlexnetIsa isa, gsize i);
} Kernel;

typedef struct {
  const char *name;
  gboolean (*is_there) (AlexnetIsa isa);
  const Kernel *kernel;
} KernelEntry;

/* Ended by a name of NULL. */
extern const KernelEntry kernels_of_onednn[];
extern const KernelEntry kernels_of_preprocess[];

/* `size` bytes that begin with a KernelCall of so many results. */
gpointer kernel_call_new (gsize size, gsize n, KernelNumbers type,
    guint8 before);
void kernel_call_free (gpointer call);

/* Zeroed memory that lives as long as the call, where a line of the cache
 * begins. */
gpointer kernel_call_alloc (gpointer call, gsize n, gsize size);

/* Makes results what they are before a call. */
void kernel_call_reset (gpointer call);

/* Adds PREFIX/NAME/SET for each kernel and each set that is there: every
 * variant against what is expected and, where sets are exact, against the bits
 * of the first set. */
void kernels_add_tests (const char *prefix, const KernelEntry *entries);

G_END_DECLS

#endif /* KERNELS_H */
