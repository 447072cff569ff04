/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The matrices of kernels.h, and the point of each row: 0, 1,
 * -1, infinity. Those of 5 are those of 3, and then those of 2 without the
 * point -1, three pixels further on. */

#ifndef ALEXNET_ONEDNN_INT8_WINOGRAD_TABLES_H
#define ALEXNET_ONEDNN_INT8_WINOGRAD_TABLES_H

#include <glib.h>

static const gint16 int8_input_3[4][4] = {
  { 1, 0, -1, 0 },
  { 0, 1, 1, 0 },
  { 0, -1, 1, 0 },
  { 0, -1, 0, 1 },
};

static const gint16 int8_input_5[7][6] = {
  { 1, 0, -1, 0, 0, 0 },
  { 0, 1, 1, 0, 0, 0 },
  { 0, -1, 1, 0, 0, 0 },
  { 0, -1, 0, 1, 0, 0 },
  { 0, 0, 0, 1, -1, 0 },
  { 0, 0, 0, 0, 2, 0 },
  { 0, 0, 0, 0, -1, 1 },
};

static const float int8_weight_3[4][3] = {
  { 1, 0, 0 },
  { 0.5f, 0.5f, 0.5f },
  { 0.5f, -0.5f, 0.5f },
  { 0, 0, 1 },
};

static const float int8_weight_5[7][5] = {
  { 1, 0, 0, 0, 0 },
  { 0.5f, 0.5f, 0.5f, 0, 0 },
  { 0.5f, -0.5f, 0.5f, 0, 0 },
  { 0, 0, 1, 0, 0 },
  { 0, 0, 0, 1, 0 },
  { 0, 0, 0, 0.5f, 0.5f },
  { 0, 0, 0, 0, 1 },
};

static const float int8_output[2][4] = {
  { 1, 1, 1, 0 },
  { 0, 1, -1, 1 },
};

static const guint8 int8_points[7] = { 0, 1, 2, 3, 0, 1, 3 };

/* The point whose rows do not subtract. */
#define INT8_POINT_OF_SUMS 1

#endif /* ALEXNET_ONEDNN_INT8_WINOGRAD_TABLES_H */
