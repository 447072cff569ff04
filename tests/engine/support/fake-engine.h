/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Engines of the fake backend, and what goes into them and comes out. */

#ifndef FAKE_ENGINE_H
#define FAKE_ENGINE_H

#include "alexnet.h"

typedef struct {
  AlexnetModel *model;
  AlexnetEngine *engine;
} Fixture;

/* An engine of batches of up to `max_batch_size`, of GUINT_TO_POINTER(), and
 * without a timeout. Nothing of it may be left behind it. */
void fixture_set_up (Fixture *f, gconstpointer max_batch_size);
void fixture_tear_down (Fixture *f, gconstpointer max_batch_size);

AlexnetEngine *get_engine (AlexnetModel *model, guint max_batch_size,
    guint64 batch_timeout);

/* A tensor with this first value, which is the answer. */
AlexnetRequest *try_submit (AlexnetStream *stream, float value, GError **error);
AlexnetRequest *submit (AlexnetStream *stream, float value);

/* Both wait; the second one releases the request. */
void assert_answer (AlexnetRequest *request, float value);
void take_answer (AlexnetRequest *request, float value);

/* Waits and gets an error. */
void assert_fails (AlexnetRequest *request, AlexnetError code);

#endif /* FAKE_ENGINE_H */
