/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Between preprocess.c, which checks, allocates and runs, tables.c, which makes
 * the tables, and the loops over pixels: plain.c and, for instruction sets
 * with long vectors, vector.c. */

#ifndef ALEXNET_PREPROCESS_PRIVATE_H
#define ALEXNET_PREPROCESS_PRIVATE_H

#include "cpu.h"
#include "preprocess.h"

G_BEGIN_DECLS

/* All that tables depend on. Members have one size, so there is no padding
 * and memcmp() compares. */
typedef struct {
  AlexnetFormat format;
  AlexnetMatrix matrix;
  AlexnetRange range;
  AlexnetChromaSite site;
  guint width, height, par_n, par_d;
  AlexnetRegion region;
  AlexnetPreprocess preprocess;
  guint n_channels, size;
} AlexnetKey;

/* `key` has been checked. Frees what `tables` held, which may be all zero. */
void alexnet_tables_build (AlexnetTables *tables, const AlexnetKey *key);
void alexnet_tables_clear (AlexnetTables *tables);

/* Samples of a plane that the horizontal passes read. */
typedef struct {
  gint32 first, count;
} AlexnetSpan;

/* Fills t->samples: real numbers from row y on, fixed point row y alone. */
typedef void AlexnetCompute (AlexnetTransform *t, const AlexnetImage *image,
    guint y);

/* alexnet_color_channel() for `n` pixels. */
typedef void AlexnetConvert (const AlexnetColor *color, guint c,
    const float *s0, const float *s1, const float *s2, guint n, float *out);

/* The same of alexnet_color_luma(). */
typedef void AlexnetConvertLuma (const AlexnetColor *color, const float *s0,
    const float *s1, const float *s2, guint n, float *out);

/* The loops of one instruction set, which are those of kernels.inc. All sets
 * give the same bits.
 *
 * Fixed point runs the horizontal pass first, as Pillow does: each source row
 * is resized once into a ring of planar rows that holds as many as the
 * vertical pass looks back. Real numbers are not rounded in between, so there
 * the vertical pass comes first: it runs over contiguous samples of a plane,
 * whatever their meaning, and leaves only `height` rows to the horizontal
 * one. Both compute what alexnet_tables_pixel() does for one pixel. */
typedef struct {
  guint rows;  /* a power of 2; see AlexnetTransform.column and .source */
  gint32 span; /* least samples that a plane must give them */
#define KERNEL(name, type) type *name;
#include "kernels.inc"
} AlexnetKernels;

extern const AlexnetKernels alexnet_kernels_plain;

/* Those of `isa`, which the processor has. */
const AlexnetKernels *alexnet_kernels_get (AlexnetIsa isa);

/* Rows in scratch memory begin at multiples of this many elements, so that
 * whole vectors may be written, and read, beyond their last one. */
#define ALEXNET_ROW_UNIT 16

struct _AlexnetTransform {
  AlexnetKey key;
  AlexnetTables tables;
  AlexnetIsa isa;

  /* Scratch for the tables: */
  const AlexnetKernels *kernels;
  AlexnetSpan spans[3]; /* by plane */
  gint32 *at[3];        /* [width] first tap of a component in a span */
  gsize pitch;          /* of rows of `size` elements */
  float *samples[3];    /* [rows][pitch], as stored, resized */
  float *output[3];     /* [size] */

  /* Fixed point: */
  guint lanes; /* components of a ring row */
  guint ring_rows;
  gint32 done;     /* source rows in the ring, counted from the plane's first */
  gint32 last_row; /* that the vertical pass reads */
  guint8 *source;  /* a span of `rows` source rows, as the kernels want it */
  guint8 *ring;    /* [ring_rows][lanes][pitch] */
  gint32 *sums;    /* [lanes * pitch] */

  /* Real numbers: */
  gsize column_pitch;
  float *column;  /* [rows][column_pitch] a span, vertically resized */
  float *columns; /* [column_pitch][rows] the same */
};

G_END_DECLS

#endif /* ALEXNET_PREPROCESS_PRIVATE_H */
