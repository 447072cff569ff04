/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which instructions the library may use, and which a primitive does. The
 * former is what the processor has and $ONEDNN_MAX_CPU_ISA allows.
 * Thread-safety: any thread. */

#ifndef ALEXNET_ONEDNN_ISA_H
#define ALEXNET_ONEDNN_ISA_H

#include "compat.h"

G_BEGIN_DECLS

/* All are FALSE on other processors than x86, where the library's bits mean
 * something else.
 *
 * Products of numbers of 8 bits summed up in 32, in vectors of any length or of
 * 512 bits, and of tiles of such numbers; products of bf16. */
gboolean alexnet_onednn_has_vnni (void);
gboolean alexnet_onednn_has_avx512_vnni (void);
gboolean alexnet_onednn_has_amx (void);
gboolean alexnet_onednn_has_bf16 (void);

/* Whether two products of an unsigned and a signed number of 8 bits are added
 * up in 16, where the sum may not fit. */
gboolean alexnet_onednn_adds_in_16_bits (void);

/* By the name that the library gives its implementation: "amx", "vnni",
 * "bf16", "fp16", "avx512", "avx2", "avx", "sse41"; "gemm" where it decides
 * when it runs, "plain" for C; else that name. The primitive's. */
const char *alexnet_onednn_primitive_isa (dnnl_primitive_t primitive);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_ISA_H */
