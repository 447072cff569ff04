/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What results agree on, without a stream. */

#include "region/vote.h"

#include <gst/check/gstcheck.h>

#define CAT 3
#define DOG 5
#define UNKNOWN GST_ALEXNET_UNKNOWN_CLASS
#define NONE GST_ALEXNET_NO_CLASS

typedef struct {
  GstAlexnetVote vote;
  GstAlexnetState state;
  guint second;
} Fixture;

static Fixture *
fixture_new (void)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  gst_alexnet_state_reset (&fixture->state);
  return fixture;
}

static void
fixture_free (Fixture *fixture)
{
  gst_alexnet_vote_clear (&fixture->vote);
  g_free (fixture);
}

/* One result a second. */
static gboolean
add (Fixture *fixture, const GstAlexnetVoteRules *rules, guint claim,
    float confidence)
{
  GstAlexnetEvidence evidence = {
    .class_id = claim,
    .confidence = confidence,
    .stream_time = fixture->second++ * GST_SECOND,
  };

  return gst_alexnet_vote_add (&fixture->vote, rules, claim, &evidence,
      &fixture->state);
}

static void
expect (const Fixture *fixture, guint class_id, guint candidate, guint n_agreed)
{
  fail_unless_equals_int (fixture->state.class_id, class_id);
  fail_unless_equals_int (fixture->state.candidate, candidate);
  fail_unless_equals_int (fixture->state.n_agreed, n_agreed);
}

GST_START_TEST (test_count)
{
  static const GstAlexnetVoteRules rules = { .count = 3, .share = 0.6 };
  Fixture *fixture = fixture_new ();

  fail_if (add (fixture, &rules, DOG, 0.9));
  expect (fixture, NONE, DOG, 1);
  fail_if (add (fixture, &rules, DOG, 0.9));
  expect (fixture, NONE, DOG, 2);
  fail_unless (add (fixture, &rules, DOG, 0.9));
  expect (fixture, DOG, NONE, 3);
  fail_unless_equals_uint64 (fixture->state.since, 0);
  fixture_free (fixture);
}
GST_END_TEST

/* One that is sure counts more than two that are not; the share is that of all
 * weights, 1.8 of 2.9 here, and then 2.7 of 3.8. */
GST_START_TEST (test_weights)
{
  static const GstAlexnetVoteRules rules = { .count = 3, .share = 0.7 };
  Fixture *fixture = fixture_new ();

  fail_if (add (fixture, &rules, CAT, 0.25));
  expect (fixture, NONE, CAT, 1);
  fail_if (add (fixture, &rules, DOG, 0.9));
  expect (fixture, NONE, DOG, 1);
  fail_if (add (fixture, &rules, CAT, 0.25));
  expect (fixture, NONE, DOG, 1);
  fail_if (add (fixture, &rules, CAT, 0.6));
  expect (fixture, NONE, CAT, 3);
  fail_if (add (fixture, &rules, DOG, 0.9));
  expect (fixture, NONE, DOG, 2);
  fail_unless (add (fixture, &rules, DOG, 0.9));
  expect (fixture, DOG, NONE, 3);
  fail_unless_equals_uint64 (fixture->state.since, GST_SECOND);
  fixture_free (fixture);
}
GST_END_TEST

/* What nobody can tell may become clear. */
GST_START_TEST (test_unknown)
{
  static const GstAlexnetVoteRules rules = { .count = 2, .share = 0.6 };
  Fixture *fixture = fixture_new ();

  fail_if (add (fixture, &rules, UNKNOWN, 0.1));
  fail_unless (add (fixture, &rules, UNKNOWN, 0.1));
  expect (fixture, UNKNOWN, NONE, 2);
  fail_if (add (fixture, &rules, CAT, 0.9));
  fail_if (add (fixture, &rules, CAT, 0.9));
  expect (fixture, UNKNOWN, NONE, 2);
  fail_if (add (fixture, &rules, CAT, 0.9));
  expect (fixture, UNKNOWN, CAT, 3);
  fail_unless (add (fixture, &rules, CAT, 0.9));
  expect (fixture, CAT, NONE, 4);
  fixture_free (fixture);
}
GST_END_TEST

static Suite *
vote_suite (void)
{
  Suite *suite = suite_create ("vote");
  TCase *tests = tcase_create ("vote");

  tcase_add_test (tests, test_count);
  tcase_add_test (tests, test_weights);
  tcase_add_test (tests, test_unknown);
  suite_add_tcase (suite, tests);
  return suite;
}

GST_CHECK_MAIN (vote)
