/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of states share: a test in words, between blanks.
 *
 *   NAME=VALUE      sets a property
 *   hht:STATE/NEXT  sends photographs, of the h(orse) or the t(ruck); the last
 *                   has this state and this candidate, "-" where there is none;
 *                   "/-" may be left out
 *   HT:STATE        sends frames of a collage, on each of them object 7, on the
 *                   horse or the truck, which has this state and is classified
 *   HT:STATE~       the same, but it has the result of an earlier frame
 *   9               sends so many frames of a collage without an object
 *   [FROM-TO]       the next message is this change; [-TO]: of the first state
 *   []              there is no message
 *   collage         frames of a collage come from here on
 *   gap flush stream segment
 *                   this event comes
 */

#ifndef ALEXNET_TEST_STATE_HELPERS_H
#define ALEXNET_TEST_STATE_HELPERS_H

#include "helpers.h"

typedef struct {
  const char *steps;
  const char *property, *value; /* set before the start; NULL: none is */
} StateCase;

/* Of an element of its own, which posts no results. No message is left. */
void test_state_case (const StateCase *c);

void test_do_steps (Fixture *fixture, const char *steps);

/* Sends a photograph for each letter, h or t; returns the last. */
GstBuffer *test_push_photos (Fixture *fixture, const char *photos);

#endif /* ALEXNET_TEST_STATE_HELPERS_H */
