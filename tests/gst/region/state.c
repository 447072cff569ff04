/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every edge of the diagram of states, without a stream. */

#include "region/state.h"

#include <gst/check/gstcheck.h>

#define CAT 3
#define DOG 5
#define UNKNOWN GST_ALEXNET_UNKNOWN_CLASS
#define NONE GST_ALEXNET_NO_CLASS

static const GstAlexnetStateRules two_in_a_row = { .count = 2 };

/* One result a second; stream time runs an hour ahead. */
static gboolean
add (GstAlexnetState *state, const GstAlexnetStateRules *rules, guint class_id,
    float confidence, guint second)
{
  GstAlexnetEvidence evidence = {
    .class_id = class_id,
    .confidence = confidence,
    .running_time = second * GST_SECOND,
    .stream_time = (3600 + second) * GST_SECOND,
  };

  return gst_alexnet_state_add (state, rules, &evidence);
}

static void
expect (const GstAlexnetState *state, guint class_id, guint candidate,
    guint n_agreed)
{
  fail_unless_equals_int (state->class_id, class_id);
  fail_unless_equals_int (state->candidate, candidate);
  fail_unless_equals_int (gst_alexnet_state_is_pending (state),
      candidate != NONE);
  fail_unless_equals_int (state->n_agreed, n_agreed);
}

/* A state that is `settled`, with `candidate` seen once, where these are not
 * NONE; under the rule of two in a row. */
static GstAlexnetState
arrive (guint settled, guint candidate)
{
  GstAlexnetState state;

  gst_alexnet_state_reset (&state);
  expect (&state, NONE, NONE, 0);
  if (settled != NONE) {
    fail_if (add (&state, &two_in_a_row, settled, 1, 0));
    fail_unless (add (&state, &two_in_a_row, settled, 1, 1));
    expect (&state, settled, NONE, 2);
  }
  if (candidate != NONE) {
    fail_if (add (&state, &two_in_a_row, candidate, 1, 2));
    expect (&state, settled, candidate, 1);
  }
  return state;
}

GST_START_TEST (test_from_nothing)
{
  GstAlexnetState state = arrive (NONE, CAT);

  fail_unless (add (&state, &two_in_a_row, CAT, 1, 3));
  expect (&state, CAT, NONE, 2);
  fail_unless_equals_uint64 (state.since, 3602 * GST_SECOND);

  state = arrive (NONE, NONE);
  gst_alexnet_state_interrupt (&state);
  expect (&state, NONE, NONE, 0);
}
GST_END_TEST

GST_START_TEST (test_from_pending)
{
  GstAlexnetState state = arrive (NONE, CAT);

  /* Another one counts now. */
  fail_if (add (&state, &two_in_a_row, DOG, 1, 3));
  expect (&state, NONE, DOG, 1);
  fail_if (add (&state, &two_in_a_row, CAT, 1, 4));
  fail_unless (add (&state, &two_in_a_row, CAT, 1, 5));
  fail_unless_equals_uint64 (state.since, 3604 * GST_SECOND);

  /* The state once more: no change after all. */
  state = arrive (CAT, DOG);
  fail_if (add (&state, &two_in_a_row, CAT, 1, 3));
  fail_if (gst_alexnet_state_is_pending (&state));
  fail_if (add (&state, &two_in_a_row, DOG, 1, 4));
  expect (&state, CAT, DOG, 1);
  fail_unless (add (&state, &two_in_a_row, DOG, 1, 5));
  expect (&state, DOG, NONE, 2);

  /* An interruption: what was counted is lost, the state is not. */
  state = arrive (CAT, DOG);
  gst_alexnet_state_interrupt (&state);
  fail_if (gst_alexnet_state_is_pending (&state));
  fail_if (add (&state, &two_in_a_row, DOG, 1, 3));
  expect (&state, CAT, DOG, 1);
  state = arrive (NONE, DOG);
  gst_alexnet_state_interrupt (&state);
  fail_if (add (&state, &two_in_a_row, DOG, 1, 3));
  expect (&state, NONE, DOG, 1);

  gst_alexnet_state_reset (&state);
  expect (&state, NONE, NONE, 0);
}
GST_END_TEST

GST_START_TEST (test_from_settled)
{
  GstAlexnetState state = arrive (CAT, NONE);

  fail_if (add (&state, &two_in_a_row, CAT, 1, 2));
  expect (&state, CAT, NONE, 2);
  fail_unless_equals_uint64 (state.since, 3600 * GST_SECOND);
  gst_alexnet_state_interrupt (&state);
  expect (&state, CAT, NONE, 2);
  gst_alexnet_state_reset (&state);
  expect (&state, NONE, NONE, 0);
}
GST_END_TEST

/* It is a state as the others are: found, confirmed and left. */
GST_START_TEST (test_unknown)
{
  static const GstAlexnetStateRules rules = { .count = 2, .threshold = 0.5 };
  GstAlexnetState state;

  gst_alexnet_state_reset (&state);
  fail_if (add (&state, &rules, NONE, 0, 0));
  expect (&state, NONE, UNKNOWN, 1);
  fail_unless (add (&state, &rules, CAT, 0.49, 1));
  expect (&state, UNKNOWN, NONE, 2);
  fail_if (add (&state, &rules, CAT, 0.5, 2));
  expect (&state, UNKNOWN, CAT, 1);
  fail_unless (add (&state, &rules, CAT, 0.9, 3));
  expect (&state, CAT, NONE, 2);
  fail_if (add (&state, &rules, DOG, 0.1, 4));
  expect (&state, CAT, UNKNOWN, 1);
}
GST_END_TEST

GST_START_TEST (test_one_is_enough)
{
  static const GstAlexnetStateRules rules = { .count = 1 };
  GstAlexnetState state;

  gst_alexnet_state_reset (&state);
  fail_unless (add (&state, &rules, CAT, 1, 0));
  expect (&state, CAT, NONE, 1);
  fail_unless (add (&state, &rules, DOG, 1, 1));
  expect (&state, DOG, NONE, 1);
}
GST_END_TEST

/* A run lasts from its first result to its newest. */
GST_START_TEST (test_duration)
{
  static const GstAlexnetStateRules rules = { .duration = 3 * GST_SECOND };
  GstAlexnetState state;

  gst_alexnet_state_reset (&state);
  fail_if (add (&state, &rules, CAT, 1, 10));
  fail_if (add (&state, &rules, CAT, 1, 12));
  fail_unless (add (&state, &rules, CAT, 1, 13));
  expect (&state, CAT, NONE, 3);
  fail_unless_equals_uint64 (state.since, 3610 * GST_SECOND);

  /* Where time goes back a run begins. */
  fail_if (add (&state, &rules, DOG, 1, 14));
  fail_if (add (&state, &rules, DOG, 1, 2));
  expect (&state, CAT, DOG, 1);
  fail_if (add (&state, &rules, DOG, 1, 4));
  fail_unless (add (&state, &rules, DOG, 1, 5));
}
GST_END_TEST

GST_START_TEST (test_count_and_duration)
{
  static const GstAlexnetStateRules rules = { .count = 3,
    .duration = 4 * GST_SECOND };
  GstAlexnetState state;

  gst_alexnet_state_reset (&state);
  fail_if (add (&state, &rules, CAT, 1, 0));
  fail_if (add (&state, &rules, CAT, 1, 5));
  fail_unless (add (&state, &rules, CAT, 1, 6));
  fail_if (add (&state, &rules, DOG, 1, 7));
  fail_if (add (&state, &rules, DOG, 1, 8));
  fail_if (add (&state, &rules, DOG, 1, 9));
  fail_unless (add (&state, &rules, DOG, 1, 11));
}
GST_END_TEST

GST_START_TEST (test_off)
{
  static const GstAlexnetStateRules off = { .threshold = 0.5 };
  static const GstAlexnetStateRules long_run = { .duration = 1 };

  fail_if (gst_alexnet_state_rules_apply (&off));
  fail_unless (gst_alexnet_state_rules_apply (&two_in_a_row));
  fail_unless (gst_alexnet_state_rules_apply (&long_run));
}
GST_END_TEST

static Suite *
state_suite (void)
{
  Suite *suite = suite_create ("state");
  TCase *tests = tcase_create ("state");

  tcase_add_test (tests, test_from_nothing);
  tcase_add_test (tests, test_from_pending);
  tcase_add_test (tests, test_from_settled);
  tcase_add_test (tests, test_unknown);
  tcase_add_test (tests, test_one_is_enough);
  tcase_add_test (tests, test_duration);
  tcase_add_test (tests, test_count_and_duration);
  tcase_add_test (tests, test_off);
  suite_add_tcase (suite, tests);
  return suite;
}

GST_CHECK_MAIN (state)
