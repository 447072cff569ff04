/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The types that weights are stored in, little-endian; what is computed with
 * is float. */

#ifndef ALEXNET_DTYPE_H
#define ALEXNET_DTYPE_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  ALEXNET_DTYPE_F32, ALEXNET_DTYPE_F16, ALEXNET_DTYPE_BF16, ALEXNET_DTYPE_F64,
  ALEXNET_DTYPE_F8_E4M3,        /* no infinities: PyTorch's float8_e4m3fn */
  ALEXNET_DTYPE_F8_E5M2,        /* the upper half of an F16 */
  ALEXNET_N_DTYPES
} AlexnetDType;

/* Of a value, in bytes. */
gsize alexnet_dtype_size (AlexnetDType dtype);

/* As safetensors spells it: "F8_E4M3". Static. */
const char *alexnet_dtype_name (AlexnetDType dtype);

/* FALSE when there is none of that name. */
gboolean alexnet_dtype_find (const char *name, AlexnetDType *dtype);

/* Converts `n` values, which need not be aligned. F64 is rounded to nearest;
 * what a float cannot hold becomes infinite. F32 may be converted in place. */
void alexnet_dtype_to_float (AlexnetDType dtype, float *out,
    const void *values, gsize n);

G_END_DECLS

#endif /* ALEXNET_DTYPE_H */
