/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINE 64

gpointer
kernel_call_alloc (gpointer call, gsize n, gsize size)
{
  gsize bytes = (n * size + LINE - 1) / LINE * LINE;
  void *data = aligned_alloc (LINE, MAX (bytes, LINE));

  g_assert_nonnull (data);
  g_ptr_array_add (((KernelCall *) call)->memory, data);
  return memset (data, 0, bytes);
}

static gsize
result_size (const KernelCall *call)
{
  return call->type == KERNEL_BYTES ? 1 : sizeof (float);
}

static double
get_result (const KernelCall *call, gsize i)
{
  switch (call->type) {
    case KERNEL_BYTES:
      return ((const guint8 *) call->out)[i];
    case KERNEL_WHOLES:
      return ((const gint32 *) call->out)[i];
    default:
      return (double) ((const float *) call->out)[i];
  }
}

void
kernel_call_reset (gpointer data)
{
  KernelCall *call = data;

  memset (call->out, call->before, call->n * result_size (call));
}

gpointer
kernel_call_new (gsize size, gsize n, KernelNumbers type, guint8 before)
{
  KernelCall *call = g_malloc0 (size);

  call->n = n;
  call->type = type;
  call->before = before;
  call->memory = g_ptr_array_new_with_free_func (free);
  call->out = kernel_call_alloc (call, n, result_size (call));
  call->expected = kernel_call_alloc (call, n, sizeof (double));
  call->tolerance = kernel_call_alloc (call, n, sizeof (double));
  kernel_call_reset (call);
  for (gsize i = 0; i < n; i++)
    call->expected[i] = get_result (call, i);
  return call;
}

void
kernel_call_free (gpointer data)
{
  KernelCall *call = data;

  if (call->clear)
    call->clear (call);
  g_ptr_array_unref (call->memory);
  g_free (call);
}

/* ---- tests --------------------------------------------------------------- */

typedef struct {
  const KernelEntry *entry;
  AlexnetIsa isa;
} Case;

static void
check_results (const Case *c, const KernelCall *call, guint variant)
{
  const Kernel *kernel = c->entry->kernel;

  for (gsize i = 0; i < call->n; i++) {
    gsize at = kernel->find ? kernel->find (call, c->isa, i) : i;
    double found = get_result (call, at), expected = call->expected[i];

    if (isnan (expected) ? isnan (found)
                         : found == expected ||
                fabs (found - expected) <= call->tolerance[i])
      continue;
    g_error ("%s, %s, variant %u: result %" G_GSIZE_FORMAT
             " is %.9g, expected %.9g within %.3g",
        c->entry->name, alexnet_isa_name (c->isa), variant, i, found, expected,
        call->tolerance[i]);
  }
}

/* Whether `call`, which the set of the case has made, is what `first` makes. */
static void
check_bits (const Case *c, KernelCall *call, AlexnetIsa first, guint variant)
{
  gsize size = call->n * result_size (call);
  g_autofree void *found = g_memdup2 (call->out, size);

  kernel_call_reset (call);
  c->entry->kernel->run (call, first);
  if (memcmp (found, call->out, size) != 0)
    g_error ("%s, variant %u: %s and %s differ", c->entry->name, variant,
        alexnet_isa_name (c->isa), alexnet_isa_name (first));
}

static void
test_kernel (gconstpointer data)
{
  const Case *c = data;
  const Kernel *kernel = c->entry->kernel;
  AlexnetIsa first = 0;
  gpointer call;

  while (!c->entry->is_there (first))
    first++;
  for (guint variant = 0; (call = kernel->make (variant)); variant++) {
    kernel_call_reset (call);
    kernel->run (call, c->isa);
    check_results (c, call, variant);
    if (kernel->exact && c->isa != first)
      check_bits (c, call, first, variant);
    kernel_call_free (call);
  }
}

void
kernels_add_tests (const char *prefix, const KernelEntry *entries)
{
  for (const KernelEntry *entry = entries; entry->name; entry++)
    for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++) {
      Case c = { entry, isa };
      g_autofree char *path = g_strdup_printf ("%s/%s/%s", prefix, entry->name,
          alexnet_isa_name (isa));

      if (entry->is_there (isa))
        g_test_add_data_func_full (path, g_memdup2 (&c, sizeof c), test_kernel,
            g_free);
    }
}
