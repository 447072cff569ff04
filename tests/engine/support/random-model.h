/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Networks with weights from a formula; tests/data/random_model.py is the same
 * in Python, bit by bit, and tests/data/golden/ holds what PyTorch makes of
 * them.
 *
 * Value i of tensor NAME is (u * 2^-23 - 1) * a, where u are the upper 24 bits
 * of splitmix64 (FNV-1a-64 (NAME) + i), computed in doubles and rounded to
 * float; a is sqrt (6 / fan in) for a weight, 0.01 for a bias. The input is
 * tensor "input" with a = 1, for caffe (0..255 minus the mean) a = 128. */

#ifndef RANDOM_MODEL_H
#define RANDOM_MODEL_H

#include "network/network.h"

G_BEGIN_DECLS

/* Values 0 .. n - 1 of a tensor. */
void random_model_values (float *out, gsize n, const char *name, double a);

/* Lowers the widths to those of the *-narrow models: convolutions 4, 12, 24,
 * 16, 16, hidden layers 16, 10 classes. Before fill. */
void random_model_narrow (AlexnetNetwork *network);

/* Allocates, computes and binds every weight of a network whose shapes are
 * inferred; clear frees them. */
void random_model_fill (AlexnetNetwork *network);
void random_model_clear (AlexnetNetwork *network);

/* The [C,H,W] input of the golden logits. g_free() it. */
float *random_model_input (const AlexnetNetwork *network);

/* Golden values of tests/data/golden/NAME.json, "logits" or "embedding".
 * g_free() them. */
float *random_model_golden (const char *name, const char *what, guint *n);

/* Writes the bound weights as a safetensors file. */
gboolean random_model_write (const AlexnetNetwork *network, const char *path,
    GError **error);

G_END_DECLS

#endif /* RANDOM_MODEL_H */
