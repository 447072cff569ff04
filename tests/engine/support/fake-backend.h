/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A registry with backends under the test's control, instead of the library's
 * own: "absent" never opens, "fake" answers each image with what went in, and
 * so does "quick", which is warm after one. Linked before the library, it
 * replaces backends.c. */

#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include "backend/backend.h"

/* Class 0 of the result is the first value of the tensor, or the first byte
 * of the image; the other classes are 0. */

/* Back to: gate open, no failures, no records. Call with no engine alive. */
void fake_backend_reset (void);

/* While the gate is closed, infer blocks after the warm-up. */
void fake_backend_set_gate (gboolean open);

/* Waits until `n` batches (without the warm-up) have begun. */
void fake_backend_wait_begun (guint n);

/* The n-th batch from now on (0 = the next) fails as a lost device does. */
void fake_backend_fail_infer (int n);

/* Staging fails with this AlexnetError, as an upload would; -1: no more. */
void fake_backend_fail_stage (int code);

/* Sizes of the batches so far, the warm-up left out. */
guint fake_backend_n_batches (void);
guint fake_backend_batch_size (guint i);

/* Images that the last engine made was warmed up with, run by run. */
guint fake_backend_n_warm (void);

guint fake_backend_n_open (void);

/* Bytes of device memory that each engine says it holds. */
#define FAKE_BACKEND_MEMORY 12345

#endif /* FAKE_BACKEND_H */
