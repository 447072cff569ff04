/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "backend/module.h"

#include "executor.h"
#include "precision.h"
#include "staging.h"

typedef struct {
  AlexnetPlan base;
  AlexnetDevice device;
  AlexnetExecutor executor;
  AlexnetStaging *staging;
  _Atomic gboolean lost; /* and so everything fails that closes it */
} CudnnPlan;

static void
cudnn_close (AlexnetPlan *base)
{
  CudnnPlan *plan = (CudnnPlan *) base;
  GError *error = NULL;

  alexnet_device_enter (&plan->device, &error);
  alexnet_staging_free (plan->staging, &error);
  alexnet_executor_close (&plan->executor, &error);
  alexnet_device_close (&plan->device, &error);
  if (error && !plan->lost)
    g_warning ("%s", error->message);
  g_clear_error (&error);
  g_free (plan);
}

static gboolean
fill_plan (CudnnPlan *plan, const AlexnetNetwork *network,
    const AlexnetPlanParams *params, GError **error)
{
  AlexnetPrecision *precision = &plan->base.precision;
  const AlexnetKernels *kernels;

  *precision = params->precision;
  if (!alexnet_device_open (&plan->device, params->cuda_device,
          params->cuda_context, error) ||
      !alexnet_precision_resolve (precision, &plan->device.cudnn, network,
          plan->device.capability, plan->device.name, error) ||
      !(kernels = alexnet_kernels_load (*precision, error)) ||
      !alexnet_executor_open (&plan->executor, &plan->device, kernels, network,
          *precision, params, error))
    return FALSE;
  plan->staging = alexnet_staging_new (&plan->device, kernels,
      &plan->executor.program.slot, plan->executor.buffers.precision,
      plan->executor.buffers.slots, params->n_slots, error);
  return plan->staging != NULL;
}

extern const AlexnetModule alexnet_module;

static AlexnetPlan *
cudnn_open (const AlexnetNetwork *network, const AlexnetPlanParams *params,
    GError **error)
{
  CudnnPlan *plan = g_new0 (CudnnPlan, 1);

  plan->base.backend = alexnet_module.backend;
  if (!fill_plan (plan, network, params, error)) {
    plan->lost = TRUE;
    cudnn_close (&plan->base);
    return NULL;
  }
  g_info ("%s, precision %s, batches up to %u: %.1f MiB of device memory, "
          "%.1f MiB of weights stay in the L2 cache",
      plan->device.name, alexnet_precision_name (plan->base.precision),
      params->max_batch_size, plan->device.used / 1048576.0,
      plan->executor.l2.size / 1048576.0);
  return &plan->base;
}

/* Of several devices an error says which one. */
static gboolean
fail (CudnnPlan *plan, GError **error)
{
  if (error && g_error_matches (*error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE))
    plan->lost = TRUE;
  g_prefix_error (error, "CUDA device %u, %s: ", plan->device.ordinal,
      plan->device.name);
  return FALSE;
}

static gboolean
cudnn_stage (AlexnetPlan *base, guint slot, const AlexnetImage *image,
    AlexnetTransform *transform, GError **error)
{
  CudnnPlan *plan = (CudnnPlan *) base;

  return alexnet_staging_image (plan->staging, slot, image,
             alexnet_transform_get_tables (transform), error) ||
      fail (plan, error);
}

static gboolean
cudnn_stage_tensor (AlexnetPlan *base, guint slot, const float *tensor,
    GError **error)
{
  CudnnPlan *plan = (CudnnPlan *) base;

  return alexnet_staging_tensor (plan->staging, slot, tensor, error) ||
      fail (plan, error);
}

static gboolean
begin (CudnnPlan *plan, guint first, guint n, gboolean outputs, GError **error)
{
  return alexnet_device_enter (&plan->device, error) &&
      alexnet_staging_wait (plan->staging, first, n, plan->device.stream,
          error) &&
      alexnet_executor_begin (&plan->executor, first, n, outputs, error);
}

static gboolean
cudnn_infer (AlexnetPlan *base, guint first, guint n, float *const *outputs,
    GError **error)
{
  CudnnPlan *plan = (CudnnPlan *) base;

  return (begin (plan, first, n, TRUE, error) &&
             alexnet_executor_get_outputs (&plan->executor, n, outputs,
                 error)) ||
      fail (plan, error);
}

static gboolean
cudnn_infer_best (AlexnetPlan *base, guint first, guint n,
    AlexnetBest *const *best, GError **error)
{
  CudnnPlan *plan = (CudnnPlan *) base;

  return (begin (plan, first, n, FALSE, error) &&
             alexnet_executor_get_best (&plan->executor, n, best, error)) ||
      fail (plan, error);
}

static void
cudnn_get_embeddings (AlexnetPlan *base, guint n, float *const *embeddings)
{
  CudnnPlan *plan = (CudnnPlan *) base;

  alexnet_executor_get_embeddings (&plan->executor, n, embeddings);
}

static guint64
cudnn_get_device_memory (AlexnetPlan *base)
{
  return ((CudnnPlan *) base)->device.used;
}

static const AlexnetBackend cudnn_backend = {
  .name = "cudnn",
  .memories = 1u << ALEXNET_MEMORY_HOST | 1u << ALEXNET_MEMORY_CUDA,
  .open = cudnn_open,
  .close = cudnn_close,
  .stage = cudnn_stage,
  .stage_tensor = cudnn_stage_tensor,
  .infer = cudnn_infer,
  .infer_best = cudnn_infer_best,
  .get_embeddings = cudnn_get_embeddings,
  .get_device_memory = cudnn_get_device_memory,
};

ALEXNET_API const AlexnetModule alexnet_module = {
  .abi = ALEXNET_MODULE_ABI,
  .backend = &cudnn_backend,
};
