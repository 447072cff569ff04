/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "precision.h"

#include "onednn/dnnl/isa.h"
#include "onednn/linear/matrix.h"

/* How much int8 in linear layers may change in what comes out with
 * ALEXNET_PRECISION_AUTO, relative to all of it and on the whole: about this
 * much again comes from bf16 in the convolutions, and both stay at about a
 * hundredth of the largest logit. */
#define AUTO_LOSS 6e-3

/* Fewer bytes of weights are what makes small batches fast. */
static AlexnetPrecision
find_fastest (const OnednnContext *context)
{
  if (alexnet_onednn_has_bf16 ())
    return ALEXNET_PRECISION_BF16;
  return context->isa == ALEXNET_ISA_PLAIN ? ALEXNET_PRECISION_FP32
                                           : ALEXNET_PRECISION_FP16;
}

static gboolean
check_precision (const OnednnContext *context, AlexnetPrecision precision,
    GError **error)
{
  switch (precision) {
    case ALEXNET_PRECISION_FP32:
    case ALEXNET_PRECISION_INT8:
      return TRUE;
    case ALEXNET_PRECISION_FP16:
      if (context->isa != ALEXNET_ISA_PLAIN)
        return TRUE;
      g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
          "precision fp16 needs the instruction sets AVX2 and F16C, or NEON, "
          "and '%s' is all there is",
          alexnet_isa_name (context->isa));
      return FALSE;
    case ALEXNET_PRECISION_BF16:
      if (alexnet_onednn_has_bf16 ())
        return TRUE;
      g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
          "precision bf16 needs a CPU with AVX512-BF16 or AMX-BF16; oneDNN "
          "finds no more than %s here",
          dnnl_cpu_isa2str (dnnl_get_effective_cpu_isa ()));
      return FALSE;
    default:
      g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
          "backend 'cpu' computes in fp32, fp16, bf16 or int8, not in %s",
          alexnet_precision_name (precision));
      return FALSE;
  }
}

/* fp16 is as fast as bf16 to read and eight times as exact. */
static OnednnStorage
find_storage (AlexnetIsa isa, AlexnetPrecision precision)
{
  if (precision == ALEXNET_PRECISION_FP32)
    return LINEAR_F32;
  if (precision == ALEXNET_PRECISION_INT8)
    return LINEAR_S8;
  return isa == ALEXNET_ISA_PLAIN ? LINEAR_BF16 : LINEAR_F16;
}

gboolean
alexnet_onednn_choose_precision (OnednnContext *context,
    AlexnetPrecision wanted, AlexnetPrecision *precision, GError **error)
{
  gboolean automatic = wanted == ALEXNET_PRECISION_AUTO;
  OnednnStorage storage;
  double loss;

  context->isa = alexnet_cpu_isa ();
  if (automatic)
    wanted = find_fastest (context);
  if (!check_precision (context, wanted, error))
    return FALSE;
  context->type = wanted == ALEXNET_PRECISION_BF16 ? dnnl_bf16 : dnnl_f32;
  context->int8 = wanted == ALEXNET_PRECISION_INT8;
  storage = find_storage (context->isa, wanted);
  loss = automatic && storage == LINEAR_F16 ? AUTO_LOSS * AUTO_LOSS : 0;
  context->matrices = alexnet_onednn_matrices_new (storage, loss);
  *precision = wanted;
  return TRUE;
}
