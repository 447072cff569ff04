/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "isa.h"

#include <string.h>

#include "cpu.h"

/* What is part of the name of an implementation, the first that is. */
static const struct {
  const char *part, *isa;
} isas[] = {
  { "amx", "amx" },
  { "vnni", "vnni" },
  { "bf16", "bf16" },
  { "fp16", "fp16" },
  { "avx512", "avx512" },
  { "avx10", "avx512" },
  { "avx2", "avx2" },
  { "avx", "avx" },
  { "sse41", "sse41" },
  { "gemm", "gemm" },
  { "ref", "plain" },
};

static gboolean
has_all (guint isa)
{
#ifdef ALEXNET_CPU_X86
  return ((guint) dnnl_get_effective_cpu_isa () & isa) == isa;
#else
  return FALSE;
#endif
}

gboolean
alexnet_onednn_has_vnni (void)
{
  return alexnet_onednn_has_avx512_vnni () || has_all (dnnl_cpu_isa_avx2_vnni);
}

gboolean
alexnet_onednn_adds_in_16_bits (void)
{
#ifdef ALEXNET_CPU_X86
  return !alexnet_onednn_has_vnni ();
#else
  return FALSE;
#endif
}

gboolean
alexnet_onednn_has_avx512_vnni (void)
{
  return has_all (dnnl_cpu_isa_avx512_core_vnni);
}

gboolean
alexnet_onednn_has_amx (void)
{
  return has_all (dnnl_cpu_isa_avx512_core_amx);
}

gboolean
alexnet_onednn_has_bf16 (void)
{
  return has_all (dnnl_cpu_isa_avx512_core_bf16);
}

const char *
alexnet_onednn_primitive_isa (dnnl_primitive_t primitive)
{
  const_dnnl_primitive_desc_t desc;
  const char *name = NULL;

  if (dnnl_primitive_get_primitive_desc (primitive, &desc) != dnnl_success ||
      dnnl_primitive_desc_query (desc, dnnl_query_impl_info_str, 0, &name) !=
          dnnl_success ||
      !name)
    return "unknown";
  for (guint i = 0; i < G_N_ELEMENTS (isas); i++)
    if (strstr (name, isas[i].part))
      return isas[i].isa;
  return name;
}
