/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a kernel's body for every thread of every block, the blocks in turn.
 * Where threads wait for each other, each is a fiber, and one that waits
 * switches to the next: when the turn comes back to the first, all have
 * arrived. A thread that has returned is passed over; its fiber is the same
 * thread of the next block. Fibers begin as contexts and switch by the
 * compiler's own longjmp: no system call, and no sanitizer that takes stacks
 * for left. */

#include "private.h"

#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define LEAVE_FIBER __sanitizer_start_switch_fiber
#define ENTER_FIBER __sanitizer_finish_switch_fiber
#else
#define LEAVE_FIBER(save, stack, size) ((void) (save))
#define ENTER_FIBER(save, stack, size) ((void) (stack), (void) (size))
#endif

#define WARP 32
#define MAX_VALUE sizeof (guint64) /* that threads of a warp exchange */
#define STACK_SIZE (32 << 10)

typedef struct {
  gpointer place[5]; /* where it goes on */
  const void *stack;
  gsize stack_size;
  void *fake_stack; /* AddressSanitizer's */
  gboolean begun, running;
  gboolean odd; /* which of block.values it puts the next value into */
} Fiber;

SoftThread soft_thread;

static struct {
  Fiber fibers[SOFT_MAX_THREADS + 1]; /* the last one is the caller */
  Fiber *left;                        /* by the last switch */
  ucontext_t beginning; /* begin() does not return, and a sanitizer's marks
                           around a variable of its own would stay */
  guint n, current;
  guint width; /* of a block */
  guint8 values[2][SOFT_MAX_THREADS * MAX_VALUE];
  const SoftKernel *kernel;
  const void *args;
} block;

static void
set_thread (guint i)
{
  block.current = i;
  soft_thread.thread_x = i % block.width;
  soft_thread.thread_y = i / block.width;
}

static void fiber_main (void);

static void
begin (Fiber *fiber)
{
  ucontext_t *context = &block.beginning;

  getcontext (context);
  context->uc_stack.ss_sp = (void *) fiber->stack;
  context->uc_stack.ss_size = fiber->stack_size;
  context->uc_link = NULL;
  makecontext (context, fiber_main, 0);
  fiber->begun = TRUE;
  setcontext (context);
}

/* In a function of its own, as __builtin_longjmp() has to be. */
static __attribute__ ((noipa, no_sanitize ("address"))) void
go_on (Fiber *fiber)
{
  __builtin_longjmp (fiber->place, 1);
}

static void
switch_to (guint to)
{
  guint from = block.current;
  Fiber *leaving = &block.fibers[from], *entering = &block.fibers[to];

  if (to == from)
    return;
  set_thread (to);
  block.left = leaving;
  LEAVE_FIBER (&leaving->fake_stack, entering->stack, entering->stack_size);
  if (__builtin_setjmp (leaving->place) == 0) {
    if (!entering->begun)
      begin (entering);
    go_on (entering);
  }
  ENTER_FIBER (leaving->fake_stack, &block.left->stack,
      &block.left->stack_size);
}

/* Threads first .. first + n - 1 meet: the next of them that runs. */
static guint
next_running (guint first, guint n)
{
  for (guint i = 1; i <= n; i++) {
    guint next = first + (block.current - first + i) % n;

    if (block.fibers[next].running)
      return next;
  }
  return SOFT_MAX_THREADS;
}

static void
fiber_main (void)
{
  ENTER_FIBER (NULL, &block.left->stack, &block.left->stack_size);
  for (;;) {
    block.kernel->run (block.args);
    block.fibers[block.current].running = FALSE;
    switch_to (next_running (0, block.n));
  }
}

void
soft_barrier (void)
{
  switch_to (next_running (0, block.n));
}

/* All values of the warp's threads, of `size` bytes each. A thread can be back
 * here before others have read these, but not twice. */
static void
gather (void *values, const void *value, gsize size)
{
  guint first = block.current / WARP * WARP;
  Fiber *fiber = &block.fibers[block.current];
  guint8 *shared = block.values[fiber->odd];

  fiber->odd = !fiber->odd;
  memcpy (&shared[block.current * size], value, size);
  switch_to (next_running (first, WARP));
  memcpy (values, &shared[first * size], WARP * size);
}

float
soft_warp_sum (float value)
{
  guint lane = block.current % WARP;
  float sums[WARP], next[WARP];

  gather (sums, &value, sizeof value);
  for (guint step = WARP / 2; step > 0; step /= 2) {
    for (guint i = 0; i < WARP; i++)
      next[i] = sums[i] + sums[i ^ step];
    memcpy (sums, next, sizeof sums);
  }
  return sums[lane];
}

guint64
soft_warp_max (guint64 value)
{
  guint64 values[WARP];

  gather (values, &value, sizeof value);
  for (guint i = 0; i < WARP; i++)
    value = MAX (value, values[i]);
  return value;
}

static void
start_fiber (Fiber *fiber)
{
  if (!fiber->stack) {
    fiber->stack = mmap (NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fiber->stack == MAP_FAILED)
      g_error ("no memory for a thread's stack");
    fiber->stack_size = STACK_SIZE;
  }
  fiber->running = TRUE;
  fiber->odd = FALSE;
}

static void
run_block_of_fibers (void)
{
  Fiber *caller = &block.fibers[SOFT_MAX_THREADS];

  for (guint i = 0; i < block.n; i++)
    start_fiber (&block.fibers[i]);
  block.current = SOFT_MAX_THREADS;
  caller->begun = caller->running = TRUE;
  switch_to (0);
}

static void
run_block_of_loops (void)
{
  for (guint i = 0; i < block.n; i++) {
    set_thread (i);
    block.kernel->run (block.args);
  }
}

void
soft_run_blocks (const SoftKernel *kernel, dim3 grid, dim3 threads,
    const void *args, guint first)
{
  guint n = grid.x * grid.y;

  block.n = threads.x * threads.y;
  block.width = threads.x;
  block.kernel = kernel;
  block.args = args;
  for (guint i = 0; i < n; i++) {
    soft_thread.block_x = (first + i) % n % grid.x;
    soft_thread.block_y = (first + i) % n / grid.x;
    if (kernel->meets)
      run_block_of_fibers ();
    else
      run_block_of_loops ();
  }
}
