/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tiles of AMX as our kernels divide them: 0 to 3 are sums, 4 and 5 what is
 * multiplied, 6 and 7 what it is multiplied with. */

#ifndef ALEXNET_ONEDNN_TILES_H
#define ALEXNET_ONEDNN_TILES_H

#include "cpu.h"

#define TILE_BYTES 64 /* of a row, at most */
#define TILE_QUAD 4   /* bytes of one operand that meet as many of the other */

#ifdef ALEXNET_CPU_X86

#include <immintrin.h>

/* As the processor reads it. */
typedef struct {
  guint8 palette, start, reserved[14];
  guint16 row_bytes[16];
  guint8 rows[16];
} OnednnTiles;

/* Sums [rows, TILE_BYTES] of [rows, chunk] and [chunk / TILE_QUAD, TILE_BYTES],
 * all in bytes. _tile_release() them afterwards. */
__attribute__ ((target ("amx-tile"), always_inline)) static inline void
alexnet_onednn_tiles_configure (guint rows, guint chunk)
{
  OnednnTiles tiles = { .palette = 1 };

  for (guint i = 0; i < 8; i++) {
    gboolean multiplied = i == 4 || i == 5;

    tiles.row_bytes[i] = multiplied ? (guint16) chunk : TILE_BYTES;
    tiles.rows[i] = (guint8) (i < 6 ? rows : chunk / TILE_QUAD);
  }
  /* The compiler knows only of the first bytes that they are read. */
  __asm__ volatile("" : : "r"(&tiles) : "memory");
  _tile_loadconfig (&tiles);
}

#endif /* ALEXNET_CPU_X86 */

#endif /* ALEXNET_ONEDNN_TILES_H */
