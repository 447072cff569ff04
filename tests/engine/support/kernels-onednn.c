/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernels.h"
#include "onednn/amx/kernels.h"
#include "onednn/int8-winograd/kernels.h"
#include "onednn/linear/kernels.h"
#include "onednn/linear/pack.h"
#include "onednn/pool/kernels.h"
#include "onednn/simd/quantize.h"
#include "onednn/step/multiply.h"
#include "onednn/winograd/transform.h"

#define KERNEL(name, type, sets)                \
  extern const Kernel kernel_##name;            \
  static gboolean has_##name (AlexnetIsa isa)   \
  {                                             \
    return alexnet_onednn_##name (isa) != NULL; \
  }
#include "onednn/simd/kernels.inc"

const KernelEntry kernels_of_onednn[] = {
#define KERNEL(name, type, sets) { #name, has_##name, &kernel_##name },
#include "onednn/simd/kernels.inc"
  { NULL },
};
