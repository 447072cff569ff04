/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of states share. */

#ifndef ALEXNET_TEST_STATE_HELPERS_H
#define ALEXNET_TEST_STATE_HELPERS_H

#include "helpers.h"

/* Sends a photograph for each letter: h(orse), t(ruck); returns the last. */
GstBuffer *test_push_photos (Fixture *fixture, const char *photos);

/* The state and the candidate in the metadata of the last of these, "-" where
 * there is none. */
void test_expect_state_after (Fixture *fixture, const char *photos,
    const char *state, const char *candidate);

/* What is on the bus: "-horse", "horse-truck", ..., with blanks between. */
void test_expect_changes (Fixture *fixture, const char *expected);

#endif /* ALEXNET_TEST_STATE_HELPERS_H */
