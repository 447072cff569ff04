/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)
#define ASAN_UNPOISON_MEMORY_REGION(address, size)
#endif

#define ALIGNMENT 256
#define SLACK 0xa5
#define UNDEFINED 0xff /* NaN in every floating-point type */
#define N_QUARANTINED 64
#define MAX_FILLED (128 << 10)

/* [guard page][slack, data, slack][guard page] */
typedef struct {
  guint8 *map;
  gsize map_size;
  guint8 *data;
  gsize size;
  SoftSide side;
  int context;
} Block;

static GArray *blocks;
static int opened = -1; /* context whose device memory can be accessed */
static Block quarantine[N_QUARANTINED];
static guint quarantine_at;

static gsize
page_size (void)
{
  return sysconf (_SC_PAGESIZE);
}

static guint8 *
body (const Block *block)
{
  return block->map + page_size ();
}

static gsize
body_size (const Block *block)
{
  return block->map_size - 2 * page_size ();
}

static void
protect (const Block *block, int protection)
{
  if (mprotect (body (block), body_size (block), protection) != 0)
    soft_finding ("the machine cannot protect %zu bytes", body_size (block));
}

static void
poison_slack (const Block *block)
{
  ASAN_POISON_MEMORY_REGION (body (block), block->data - body (block));
  ASAN_POISON_MEMORY_REGION (block->data + block->size,
      body (block) + body_size (block) - (block->data + block->size));
}

/* Of large ones only the ends: what is never touched costs nothing. */
static void
fill (const Block *block)
{
  gsize half = MAX_FILLED / 2;

  memset (body (block), SLACK, block->data - body (block));
  memset (block->data + block->size, SLACK,
      body (block) + body_size (block) - (block->data + block->size));
  if (block->size <= MAX_FILLED) {
    memset (block->data, UNDEFINED, block->size);
  } else {
    memset (block->data, UNDEFINED, half);
    memset (block->data + block->size - half, UNDEFINED, half);
  }
  poison_slack (block);
}

static gboolean
block_new (Block *block, gsize size, SoftSide side)
{
  gsize page = page_size ();
  gsize padded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  gsize pages = (padded + page - 1) / page * page;

  block->map_size = pages + 2 * page;
  block->map = mmap (NULL, block->map_size, PROT_NONE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block->map == MAP_FAILED)
    return FALSE;
  block->data = body (block) + pages - padded;
  block->size = size;
  block->side = side;
  block->context = soft_current_context ();

  protect (block, PROT_READ | PROT_WRITE);
  fill (block);
  if (side == SOFT_ON_DEVICE && block->context != opened)
    protect (block, PROT_NONE);
  if (!blocks)
    blocks = g_array_new (FALSE, FALSE, sizeof (Block));
  g_array_append_val (blocks, *block);
  return TRUE;
}

static Block *
find_block (const void *address)
{
  const guint8 *byte = address;

  for (guint i = 0; blocks && i < blocks->len; i++) {
    Block *block = &g_array_index (blocks, Block, i);

    if (byte >= block->map && byte < block->map + block->map_size)
      return block;
  }
  return NULL;
}

SoftSide
soft_side (const void *address)
{
  const Block *block = find_block (address);

  return block ? block->side : SOFT_HOST;
}

static void
check_inside (const Block *block, const void *address, gsize size,
    const char *what)
{
  const guint8 *begin = address;

  if (begin < block->data || size > block->size ||
      begin - block->data > (gssize) (block->size - size))
    soft_finding ("%s covers bytes %td to %td of an allocation of %zu", what,
        begin - block->data, begin - block->data + (gssize) size, block->size);
}

void
soft_check_device (const void *address, gsize size, const char *what)
{
  const Block *block = find_block (address);
  int context = opened >= 0 ? opened : soft_current_context ();

  if (!block || block->side != SOFT_ON_DEVICE)
    soft_finding ("%s at %p is not device memory", what, address);
  if (block->context != context)
    soft_finding ("%s at %p is memory of context %d, used in %d", what, address,
        block->context, context);
  check_inside (block, address, size, what);
}

void
soft_check_host (const void *address, gsize size, const char *what)
{
  const Block *block = find_block (address);

  if (block && block->side == SOFT_ON_DEVICE)
    soft_finding ("%s at %p is device memory", what, address);
  if (block)
    check_inside (block, address, size, what);
}

static void
protect_opened (int protection)
{
  for (guint i = 0; blocks && i < blocks->len; i++) {
    Block *block = &g_array_index (blocks, Block, i);

    if (block->side == SOFT_ON_DEVICE && block->context == opened)
      protect (block, protection);
  }
}

void
soft_memory_open (int context)
{
  if (opened == context)
    return;
  soft_memory_close ();
  opened = context;
  protect_opened (PROT_READ | PROT_WRITE);
}

void
soft_memory_close (void)
{
  if (opened >= 0)
    protect_opened (PROT_NONE);
  opened = -1;
}

static void
check_slack (const Block *block)
{
  const guint8 *end = body (block) + body_size (block);

  ASAN_UNPOISON_MEMORY_REGION (body (block), body_size (block));
  for (const guint8 *byte = body (block); byte < block->data; byte++)
    if (*byte != SLACK)
      soft_finding ("byte %td before an allocation of %zu was overwritten",
          block->data - byte, block->size);
  for (const guint8 *byte = block->data + block->size; byte < end; byte++)
    if (*byte != SLACK)
      soft_finding ("byte %td after an allocation of %zu was overwritten",
          byte - block->data - (gssize) block->size + 1, block->size);
}

/* Keeps the addresses out of use for a while, so that late readers fault. */
static void
retire (const Block *block)
{
  Block *oldest = &quarantine[quarantine_at++ % N_QUARANTINED];

  protect (block, PROT_NONE);
  madvise (body (block), body_size (block), MADV_DONTNEED);
  if (oldest->map)
    munmap (oldest->map, oldest->map_size);
  *oldest = *block;
}

/* Its context. */
static int
block_free (void *address, SoftSide side)
{
  Block *block = find_block (address), copy;

  if (!block || block->side != side || block->data != address)
    soft_finding ("%p is freed as %s memory and is none", address,
        side == SOFT_ON_DEVICE ? "device" : "pinned");
  copy = *block;
  g_array_remove_index_fast (blocks, block - (Block *) blocks->data);
  protect (&copy, PROT_READ | PROT_WRITE);
  check_slack (&copy);
  retire (&copy);
  if (side == SOFT_ON_DEVICE)
    soft_give_memory (copy.context, copy.size);
  return copy.context;
}

static cudaError_t
device_new (void **address, gsize size)
{
  Block block;

  if (size == 0)
    return cudaErrorInvalidValue;
  if (!soft_take_memory (soft_current_context (), size))
    return cudaErrorMemoryAllocation;
  if (!block_new (&block, size, SOFT_ON_DEVICE)) {
    soft_give_memory (soft_current_context (), size);
    return cudaErrorMemoryAllocation;
  }
  soft_count (SOFT_LIVE_DEVICE_MEMORY, 1);
  *address = block.data;
  return cudaSuccess;
}

cudaError_t
cudaMalloc (void **address, gsize size)
{
  cudaError_t status = soft_enter ("cudaMalloc", SOFT_CUDA, SOFT_UNSAFE);

  if (!status)
    status = device_new (address, size);
  return soft_leave (SOFT_CUDA, status);
}

/* Frees wait for the device, as CUDA's do. */
static cudaError_t
release (const char *call, void *address, SoftSide side, SoftLive live)
{
  cudaError_t status = soft_enter (call, SOFT_CUDA, SOFT_UNSAFE);
  int context = soft_current_context ();

  if (address) {
    soft_run (NULL);
    context = block_free (address, side);
    soft_count (live, -1);
  }
  return soft_leave (SOFT_CUDA, status ? status : *soft_lost (context));
}

cudaError_t
cudaFree (void *address)
{
  return release ("cudaFree", address, SOFT_ON_DEVICE, SOFT_LIVE_DEVICE_MEMORY);
}

cudaError_t
cudaHostAlloc (void **address, gsize size, unsigned int flags)
{
  cudaError_t status = soft_enter ("cudaHostAlloc", SOFT_CUDA, SOFT_UNSAFE);
  Block block;

  if (!status && size == 0)
    status = cudaErrorInvalidValue;
  if (!status && !block_new (&block, size, SOFT_PINNED))
    status = cudaErrorMemoryAllocation;
  if (!status) {
    soft_count (SOFT_LIVE_PINNED_MEMORY, 1);
    *address = block.data;
  }
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaFreeHost (void *address)
{
  return release ("cudaFreeHost", address, SOFT_PINNED,
      SOFT_LIVE_PINNED_MEMORY);
}

void *
softgpu_device_new (const void *data, gsize size)
{
  void *address = NULL;

  if (device_new (&address, size))
    soft_finding ("no device memory for a test's %zu bytes", size);
  soft_memory_open (soft_current_context ());
  memcpy (address, data, size);
  soft_memory_close ();
  return address;
}

void
softgpu_device_free (void *address)
{
  block_free (address, SOFT_ON_DEVICE);
  soft_count (SOFT_LIVE_DEVICE_MEMORY, -1);
}
