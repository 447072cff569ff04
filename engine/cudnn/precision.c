/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "precision.h"

#include "plan.h"

/* The least compute capability, by precision; 0 for any. */
static const guint needed[ALEXNET_N_PRECISIONS] = {
  [ALEXNET_PRECISION_TF32] = 80,
  [ALEXNET_PRECISION_BF16] = 80,
};

/* Whether cuDNN lists a plan for a convolution of `program`. */
static gboolean
is_listed (const AlexnetCudnn *cudnn, const AlexnetProgram *program,
    AlexnetPrecision precision, gboolean *listed, GError **error)
{
  *listed = FALSE;
  for (guint i = 0; i < program->n_ops && !*listed; i++) {
    AlexnetConv conv;

    if (program->ops[i].kind != ALEXNET_OP_CONV)
      continue;
    conv = alexnet_op_get_conv (program, i, 1, precision);
    if (!alexnet_conv_is_listed (cudnn, &conv, listed, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
choose (AlexnetPrecision *precision, const AlexnetCudnn *cudnn,
    const AlexnetNetwork *network, guint capability, GError **error)
{
  static const AlexnetPrecision preferred[] = { ALEXNET_PRECISION_FP16,
    ALEXNET_PRECISION_TF32, ALEXNET_PRECISION_FP32 };
  AlexnetProgram program;
  gboolean listed;

  *precision = preferred[0];
  if (!alexnet_program_build (&program, network, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (preferred); i++) {
    if (capability < needed[preferred[i]])
      continue;
    if (!is_listed (cudnn, &program, preferred[i], &listed, error))
      return FALSE;
    if (listed) {
      *precision = preferred[i];
      return TRUE;
    }
  }
  return TRUE;
}

gboolean
alexnet_precision_resolve (AlexnetPrecision *precision,
    const AlexnetCudnn *cudnn, const AlexnetNetwork *network, guint capability,
    const char *device, GError **error)
{
  const char *name = alexnet_precision_name (*precision);
  guint least;

  if (*precision == ALEXNET_PRECISION_AUTO)
    return choose (precision, cudnn, network, capability, error);
  least = needed[*precision];
  if (capability >= least)
    return TRUE;

  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "%s has compute capability %u.%u, precision %s needs %u.%u; fp16 and "
      "fp32 work there",
      device, capability / 10, capability % 10, name, least / 10, least % 10);
  return FALSE;
}

AlexnetPrecision
alexnet_precision_of_values (AlexnetPrecision precision)
{
  return precision == ALEXNET_PRECISION_INT8 ? ALEXNET_PRECISION_FP16
                                             : precision;
}
