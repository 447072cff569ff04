/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "layer-cases.h"

/* Padding p at the beginning and e at the end. */
#define CONV_ENDS(k, n, s, p, e, g)                                         \
  {                                                                         \
    .kind = ALEXNET_LAYER_CONV, .name = "conv", .channels = k, .kernel = n, \
    .stride = s, .padding = p, .end_padding = e, .groups = g                \
  }
#define CONV(k, n, s, p, g) CONV_ENDS (k, n, s, p, p, g)
#define MAXPOOL_ENDS(n, s, p, e)                                           \
  {                                                                        \
    .kind = ALEXNET_LAYER_MAXPOOL, .kernel = n, .stride = s, .padding = p, \
    .end_padding = e                                                       \
  }
#define MAXPOOL(n, s) MAXPOOL_ENDS (n, s, 0, 0)
#define LRN(n, a, b, c)                                                 \
  {                                                                     \
    .kind = ALEXNET_LAYER_LRN, .size = n, .alpha = a, .beta = b, .k = c \
  }
#define LINEAR(n)                                                 \
  {                                                               \
    .kind = ALEXNET_LAYER_LINEAR, .name = "linear", .channels = n \
  }
#define AVGPOOL(n)                           \
  {                                          \
    .kind = ALEXNET_LAYER_AVGPOOL, .size = n \
  }
#define RELU                   \
  {                            \
    .kind = ALEXNET_LAYER_RELU \
  }
#define DROPOUT                   \
  {                               \
    .kind = ALEXNET_LAYER_DROPOUT \
  }
#define SOFTMAX                   \
  {                               \
    .kind = ALEXNET_LAYER_SOFTMAX \
  }

const LayerCase layer_cases[] = {
  { { 3, 35, 35 }, CONV (8, 11, 4, 2, 1) },
  { { 3, 35, 39 }, CONV (24, 11, 4, 0, 1) },
  { { 3, 36, 33 }, CONV (16, 11, 4, 2, 1) },
  { { 3, 34, 37 }, CONV (5, 11, 4, 5, 1) },
  { { 1, 20, 21 }, CONV (7, 7, 2, 3, 1) },
  { { 4, 19, 18 }, CONV (16, 3, 2, 1, 1) },
  { { 2, 17, 23 }, CONV (9, 4, 3, 1, 1) },
  { { 3, 13, 13 }, CONV (6, 3, 4, 0, 1) },
  { { 3, 9, 9 }, CONV (4, 1, 1, 0, 1) },
  { { 3, 32, 35 }, CONV_ENDS (8, 11, 4, 0, 3, 1) },
  { { 3, 33, 30 }, CONV_ENDS (16, 11, 4, 5, 1, 1) },
  { { 1, 35, 35 }, CONV_ENDS (8, 11, 4, 2, 2, 1) },
  { { 1, 14, 17 }, CONV_ENDS (9, 4, 4, 1, 3, 1) },
  { { 4, 12, 13 }, CONV_ENDS (8, 5, 1, 0, 2, 1) },
  { { 3, 20, 19 }, CONV_ENDS (8, 9, 3, 1, 2, 1) },
  { { 11, 9, 9 }, CONV_ENDS (10, 5, 4, 2, 0, 1) },
  { { 10, 17, 7 }, CONV (15, 5, 1, 4, 1) },
  { { 64, 9, 9 }, CONV (96, 5, 1, 2, 1) },
  { { 4, 27, 27 }, CONV (12, 5, 1, 2, 2) },
  { { 96, 7, 7 }, CONV (64, 5, 1, 2, 2) },
  { { 12, 13, 11 }, CONV (24, 3, 1, 1, 1) },
  { { 48, 13, 13 }, CONV (32, 3, 1, 1, 2) },
  { { 16, 7, 7 }, CONV (16, 3, 1, 1, 16) },
  { { 48, 13, 11 }, CONV (48, 1, 1, 0, 48) },
  { { 5, 7, 6 }, CONV (5, 1, 1, 0, 5) },
  { { 17, 6, 5 }, CONV (33, 3, 2, 1, 1) },
  { { 1, 1, 1 }, CONV (1, 1, 1, 0, 1) },
  { { 1, 1, 1 }, CONV (1, 3, 1, 1, 1) },
  { { 64, 23, 23 }, MAXPOOL (3, 2) },
  { { 5, 13, 13 }, MAXPOOL (3, 2) },
  { { 24, 14, 15 }, MAXPOOL (3, 2) },
  { { 3, 8, 8 }, MAXPOOL (2, 2) },
  { { 64, 12, 12 }, MAXPOOL_ENDS (3, 2, 0, 1) },
  { { 5, 9, 8 }, MAXPOOL_ENDS (3, 2, 1, 1) },
  { { 7, 6, 9 }, MAXPOOL_ENDS (4, 3, 3, 2) },
  { { 1, 3, 3 }, MAXPOOL (3, 3) },
  { { 96, 27, 27 }, LRN (5, 1e-4f, 0.75f, 1) },
  { { 4, 9, 9 }, LRN (5, 2, 0.75f, 2) },
  { { 12, 7, 5 }, LRN (3, 3, 0.5f, 1) },
  { { 3, 5, 5 }, LRN (7, 1, 1, 1.5f) },
  { { 1, 4, 4 }, LRN (1, 1, 0.75f, 1) },
  { { 256, 6, 6 }, LINEAR (100) },
  { { 16, 6, 6 }, LINEAR (16) },
  { { 1000, 1, 1 }, LINEAR (10) },
  { { 7, 1, 1 }, LINEAR (3) },
  { { 3, 5, 4 }, LINEAR (17) },
  { { 1, 1, 1 }, LINEAR (1) },
  { { 16, 5, 3 }, RELU },
  { { 7, 1, 1 }, RELU },
  { { 1, 9, 9 }, RELU },
  { { 256, 6, 6 }, AVGPOOL (6) },
  { { 5, 3, 3 }, DROPOUT },
  { { 1000, 1, 1 }, SOFTMAX },
  { { 10, 3, 2 }, SOFTMAX },
  { { 1, 1, 1 }, SOFTMAX },
  { { 0 }, { 0 } },
};
