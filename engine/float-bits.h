/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bits of a float, which is IEEE 754's of 32. */

#ifndef ALEXNET_FLOAT_BITS_H
#define ALEXNET_FLOAT_BITS_H

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

static inline guint32
alexnet_float_to_bits (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return bits;
}

static inline float
alexnet_float_from_bits (guint32 bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

G_END_DECLS

#endif /* ALEXNET_FLOAT_BITS_H */
