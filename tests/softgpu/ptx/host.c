/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the interpreter's tests ask the C side through ctypes: constants and
 * sizes by their names in C, the kernels' bodies as the C compiler made them,
 * the tables that preprocessing makes. One thread at a time. */

#include "private.h"

#include <string.h>

#include "cudnn/kernel-args.h"

/* G_MAXUINT where there is none of that name. */
SOFTGPU_API guint host_constant (const char *name);

/* Runs `kernel` over a grid of blocks of threads; `args` is its struct. FALSE
 * when there is no such kernel. */
SOFTGPU_API gboolean host_run (const char *kernel, const guint grid[2],
    const guint threads[2], const void *args);

/* Bytes of the struct that `kernel` takes; 0 when there is no such kernel. */
SOFTGPU_API gsize host_args_size (const char *kernel);

/* The tables of a frame, until the next call; NULL when the engine refuses.
 * `region` is x, y, width, height. */
SOFTGPU_API const AlexnetTables *host_tables (AlexnetFormat format, guint width,
    guint height, const guint region[4], const AlexnetPreprocess *preprocess,
    guint n_channels, guint size);

/* clang-format off */
static const struct {
  const char *name;
  guint value;
} constants[] = {
#define CONSTANT(name) { #name, name }
#define SIZE(Type) { "sizeof " #Type, sizeof (Type) }
  CONSTANT (ALEXNET_THREADS),
  CONSTANT (ALEXNET_CANVAS_X),
  CONSTANT (ALEXNET_CANVAS_Y),
  CONSTANT (ALEXNET_VECTOR_BYTES),
  CONSTANT (ALEXNET_GEMV_ROWS),
  CONSTANT (ALEXNET_GEMV_WARPS),
  CONSTANT (ALEXNET_POOLED_WARPS),
  CONSTANT (ALEXNET_S8_ZERO),
  CONSTANT (ALEXNET_MAX_BEST),
  CONSTANT (ALEXNET_FORMAT_RGB),
  CONSTANT (ALEXNET_FORMAT_BGRX),
  CONSTANT (ALEXNET_FORMAT_GRAY8),
  CONSTANT (ALEXNET_FORMAT_NV12),
  CONSTANT (ALEXNET_FORMAT_I420),
  CONSTANT (ALEXNET_FORMAT_YUY2),
  CONSTANT (ALEXNET_FORMAT_Y42B),
  CONSTANT (ALEXNET_FORMAT_P010_10LE),
  CONSTANT (ALEXNET_FORMAT_I420_10LE),
  CONSTANT (ALEXNET_CROP_CENTER),
  CONSTANT (ALEXNET_CROP_SQUASH),
  CONSTANT (ALEXNET_CROP_STRETCH),
  CONSTANT (ALEXNET_CROP_LETTERBOX),
  CONSTANT (ALEXNET_INTERPOLATION_BILINEAR),
  CONSTANT (ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS),
  CONSTANT (ALEXNET_CHANNELS_RGB),
  SIZE (AlexnetTables),
  SIZE (AlexnetPreprocess),
};
/* clang-format on */

guint
host_constant (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (constants); i++)
    if (g_str_equal (constants[i].name, name))
      return constants[i].value;
  return G_MAXUINT;
}

gsize
host_args_size (const char *kernel)
{
  const SoftKernel *found = soft_find_kernel (kernel);

  return found ? found->size : 0;
}

gboolean
host_run (const char *kernel, const guint grid[2], const guint threads[2],
    const void *args)
{
  const SoftKernel *found = soft_find_kernel (kernel);

  if (!found)
    return FALSE;
  soft_run_blocks (found, (dim3){ grid[0], grid[1], 1 },
      (dim3){ threads[0], threads[1], 1 }, args, 0);
  return TRUE;
}

const AlexnetTables *
host_tables (AlexnetFormat format, guint width, guint height,
    const guint region[4], const AlexnetPreprocess *preprocess,
    guint n_channels, guint size)
{
  static AlexnetTransform *transform;
  const AlexnetImage image = {
    .format = format, .width = width, .height = height
  };
  const AlexnetRegion part = { region[0], region[1], region[2], region[3] };

  if (!transform)
    transform = alexnet_transform_new ();
  if (!alexnet_transform_update (transform, &image, &part, preprocess,
          n_channels, size, NULL))
    return NULL;
  return alexnet_transform_get_tables (transform);
}
