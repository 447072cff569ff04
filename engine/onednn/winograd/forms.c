/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "forms.h"

#include "tables.h"

#define FORM(m, r, n)                                        \
  {                                                          \
    "F(" #m "x" #m "," #r "x" #r ")", m, r, n, input_##n[0], \
        weight_##m##_##r[0], output_##m##_##r[0]             \
  }

const WinogradForm alexnet_winograd_forms[WINOGRAD_N_TILES] = {
  [WINOGRAD_4_3] = FORM (4, 3, 6),
  [WINOGRAD_5_3] = FORM (5, 3, 7),
  [WINOGRAD_6_3] = FORM (6, 3, 8),
  [WINOGRAD_2_5] = FORM (2, 5, 6),
  [WINOGRAD_3_5] = FORM (3, 5, 7),
  [WINOGRAD_4_5] = FORM (4, 5, 8),
};
