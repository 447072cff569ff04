/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a kernel's body for every thread of every block, the blocks in turn.
 * Where threads wait for each other, each is a context of its own, and one
 * that waits switches to the next: when the turn comes back to the first, all
 * have arrived. A thread that has returned is passed over. */

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

#define MAX_THREADS 1024
#define WARP 32
#define MAX_VALUE sizeof (guint64) /* that threads of a warp exchange */
#define STACK_SIZE (32 << 10)
#define MAX_FUNCTIONS 64

typedef struct {
  const SoftKernel *kernel;
  dim3 grid, block;
  guint8 args[] __attribute__ ((aligned (16)));
} Launch;

typedef struct {
  ucontext_t context;
  const void *stack;
  gsize stack_size;
  void *fake_stack; /* AddressSanitizer's */
  gboolean running;
  gboolean odd; /* which of block.values it puts the next value into */
} Fiber;

SoftThread soft_thread;

static struct {
  Fiber fibers[MAX_THREADS + 1]; /* the last one is the caller */
  guint n, current;
  guint width; /* of a block */
  guint8 values[2][MAX_THREADS * MAX_VALUE];
  const Launch *launch;
} block;

/* What the module's constructor registered, by the host's function. */
static struct {
  const void *function;
  const SoftKernel *kernel;
} registry[MAX_FUNCTIONS];
static guint n_registered;

static void
set_thread (guint i)
{
  block.current = i;
  soft_thread.thread_x = i % block.width;
  soft_thread.thread_y = i / block.width;
}

static void
switch_to (guint to)
{
  guint from = block.current;
  Fiber *leaving = &block.fibers[from], *entering = &block.fibers[to];

  if (to == from)
    return;
  set_thread (to);
  LEAVE_FIBER (leaving->running ? &leaving->fake_stack : NULL, entering->stack,
      entering->stack_size);
  swapcontext (&leaving->context, &entering->context);
  ENTER_FIBER (leaving->fake_stack, NULL, NULL);
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
  return MAX_THREADS;
}

static void
fiber_main (void)
{
  Fiber *caller = &block.fibers[MAX_THREADS];
  guint next;

  if (block.current == 0)
    ENTER_FIBER (NULL, &caller->stack, &caller->stack_size);
  else
    ENTER_FIBER (NULL, NULL, NULL);
  block.launch->kernel->run (block.launch->args);
  block.fibers[block.current].running = FALSE;
  next = next_running (0, block.n);
  switch_to (next);
  g_assert_not_reached ();
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
      soft_finding ("no memory for a thread's stack");
  }
  getcontext (&fiber->context);
  fiber->stack_size = STACK_SIZE;
  fiber->context.uc_stack.ss_sp = (void *) fiber->stack;
  fiber->context.uc_stack.ss_size = STACK_SIZE;
  fiber->context.uc_link = NULL;
  fiber->running = TRUE;
  fiber->odd = FALSE;
  makecontext (&fiber->context, fiber_main, 0);
}

static void
run_block_of_fibers (const Launch *launch)
{
  block.launch = launch;
  for (guint i = 0; i < block.n; i++)
    start_fiber (&block.fibers[i]);
  block.current = MAX_THREADS;
  block.fibers[MAX_THREADS].running = TRUE;
  switch_to (0);
}

static void
run_block_of_loops (const Launch *launch)
{
  for (guint i = 0; i < block.n; i++) {
    set_thread (i);
    launch->kernel->run (launch->args);
  }
}

/* Begins with any block: no kernel may count on an order. */
static void
run_launch (void *data)
{
  const Launch *launch = data;
  guint n = launch->grid.x * launch->grid.y, first = soft_random (n);

  block.n = launch->block.x * launch->block.y;
  block.width = launch->block.x;
  for (guint i = 0; i < n; i++) {
    soft_thread.block_x = (first + i) % n % launch->grid.x;
    soft_thread.block_y = (first + i) % n / launch->grid.x;
    if (launch->kernel->meets)
      run_block_of_fibers (launch);
    else
      run_block_of_loops (launch);
  }
}

/* What nvcc has a module call when it is opened and closed. */
SOFTGPU_API void **__cudaRegisterFatBinary (void *image);
SOFTGPU_API void __cudaRegisterFatBinaryEnd (void **image);
SOFTGPU_API void __cudaUnregisterFatBinary (void **image);
SOFTGPU_API void __cudaRegisterFunction (void **image, const char *function,
    char *device_function, const char *name, int thread_limit, void *thread,
    void *block, void *block_dim, void *grid_dim, int *warp_size);
void **
__cudaRegisterFatBinary (void *image)
{
  static void *handle;

  return &handle;
}

void
__cudaRegisterFatBinaryEnd (void **image)
{
}

void
__cudaUnregisterFatBinary (void **image)
{
  n_registered = 0;
}

static const SoftKernel *
find_by_name (const char *name)
{
  const SoftKernel *kernel = soft_kernels;

  while (kernel->name && !g_str_equal (kernel->name, name))
    kernel++;
  return kernel->name ? kernel : NULL;
}

void
__cudaRegisterFunction (void **image, const char *function,
    char *device_function, const char *name, int thread_limit, void *thread,
    void *block_index, void *block_dim, void *grid_dim, int *warp_size)
{
  if (n_registered == MAX_FUNCTIONS)
    soft_finding ("more than %u kernels are registered", MAX_FUNCTIONS);
  registry[n_registered].function = function;
  registry[n_registered].kernel = find_by_name (name);
  n_registered++;
}

static const SoftKernel *
find_kernel (const void *function)
{
  for (guint i = 0; i < n_registered; i++)
    if (registry[i].function == function)
      return registry[i].kernel;
  return NULL;
}

cudaError_t
cudaFuncGetAttributes (struct cudaFuncAttributes *attributes,
    const void *function)
{
  cudaError_t status = soft_enter ("cudaFuncGetAttributes", SOFT_CUDA, 0);

  if (!status && !find_kernel (function))
    status = cudaErrorInvalidDeviceFunction;
  if (!status)
    memset (attributes, 0, sizeof *attributes);
  return soft_leave (SOFT_CUDA, status);
}

/* What kernel<<<>>> would call: here to be linked to. */
#define NOT_CALLED(name)                   \
  SOFTGPU_API G_NORETURN void name (void); \
  void name (void)                         \
  {                                        \
    soft_finding ("%s is called", #name);  \
  }

NOT_CALLED (__cudaGetKernel)
NOT_CALLED (__cudaLaunchKernel)
NOT_CALLED (__cudaPopCallConfiguration)

static cudaError_t
launch_kernel (const SoftKernel *kernel, const Launch *geometry, void **args,
    cudaStream_t stream)
{
  g_autofree Launch *launch = NULL;
  guint n_threads = geometry->block.x * geometry->block.y;

  if (!kernel)
    return cudaErrorInvalidDeviceFunction;
  if (geometry->grid.x == 0 || geometry->grid.y == 0 || n_threads == 0 ||
      n_threads > MAX_THREADS || geometry->grid.y > 65535 ||
      geometry->grid.z != 1 || geometry->block.z != 1)
    return cudaErrorInvalidValue;
  launch = g_malloc (sizeof *launch + kernel->size);
  *launch = *geometry;
  launch->kernel = kernel;
  memcpy (launch->args, args[0], kernel->size);
  return soft_enqueue (stream, run_launch, launch,
      sizeof *launch + kernel->size, 3);
}

cudaError_t
cudaLaunchKernel (const void *function, dim3 grid, dim3 threads, void **args,
    gsize shared, cudaStream_t stream)
{
  const Launch geometry = { NULL, grid, threads };
  cudaError_t status = soft_enter ("cudaLaunchKernel", SOFT_CUDA, 0);

  if (!status)
    status = launch_kernel (find_kernel (function), &geometry, args, stream);
  return soft_leave (SOFT_CUDA, status);
}
