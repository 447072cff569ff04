/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the results of an object of a tracker agree on, for good. */

#include "support/collage.h"
#include "support/statehelpers.h"

/* Sends object 7 on a horse, or on the truck beside it where `photo` is 't';
 * expects its state, "-" for none, and whether it was classified. */
static void
push_object (Fixture *fixture, char photo, const char *state, gboolean stale)
{
  GstBuffer *buffer = collage_new (fixture);
  const GstStructure *region;
  const char *found;

  collage_add_object (buffer, photo == 't', 7);
  buffer = test_push_pull (fixture, buffer);
  region = test_nth_region (buffer, 0);
  found = gst_structure_get_string (region, "state");
  fail_unless_equals_string (found ? found : "-", state);
  fail_unless_equals_int (test_is_stale (region), stale);
  gst_buffer_unref (buffer);
}

/* Looked at every second frame until three results agree, then never again. */
GST_START_TEST (test_vote)
{
  Fixture *fixture = test_fixture_new ("inference-region", "roi-list",
      "post-messages", "never", "vote-count", "3", "vote-share", "0.6",
      "reclassify-interval", "2", NULL);

  collage_set_caps (fixture);
  push_object (fixture, 'h', "-", FALSE);
  push_object (fixture, 'h', "-", TRUE);
  push_object (fixture, 't', "-", FALSE);
  push_object (fixture, 't', "-", TRUE);
  push_object (fixture, 'h', "horse", FALSE);
  for (guint i = 0; i < 5; i++)
    push_object (fixture, 't', "horse", TRUE);
  test_expect_changes (fixture, "-horse");
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 3);

  /* Without a vote nothing is decided. */
  g_object_set (fixture->element, "vote-count", 0, NULL);
  push_object (fixture, 't', "-", TRUE);
  push_object (fixture, 't', "-", FALSE);
  test_fixture_free (fixture);
}
GST_END_TEST

/* An object that is there whenever somebody looks is the same one, however
 * seldom that is. */
GST_START_TEST (test_vote_of_rare_results)
{
  Fixture *fixture = test_fixture_new ("inference-region", "roi-list",
      "post-messages", "never", "vote-count", "2", "inference-interval", "400",
      NULL);

  collage_set_caps (fixture);
  push_object (fixture, 'h', "-", FALSE);
  for (guint i = 0; i < 399; i++)
    gst_buffer_unref (test_push_pull (fixture, collage_new (fixture)));
  push_object (fixture, 'h', "horse", FALSE);
  test_fixture_free (fixture);
}
GST_END_TEST

/* What was decided for good is not when there is no vote any more. */
GST_START_TEST (test_vote_switched_off)
{
  Fixture *fixture = test_fixture_new ("inference-region", "roi-list",
      "confirm-count", "1", "vote-count", "1", NULL);

  collage_set_caps (fixture);
  push_object (fixture, 'h', "horse", FALSE);
  push_object (fixture, 't', "horse", TRUE);
  g_object_set (fixture->element, "vote-count", 0, NULL);
  push_object (fixture, 't', "horse", TRUE);
  push_object (fixture, 't', "truck", FALSE);
  g_object_set (fixture->element, "vote-count", 2, NULL);
  push_object (fixture, 'h', "truck", FALSE);
  push_object (fixture, 'h', "horse", FALSE);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Regions of 32 pixels, one too few. */
GST_START_TEST (test_vote_of_small_regions)
{
  Fixture *fixture = test_fixture_new ("inference-region", "roi-list",
      "post-messages", "never", "vote-count", "1", "vote-min-side", "33", NULL);

  collage_set_caps (fixture);
  push_object (fixture, 'h', "-", FALSE);
  push_object (fixture, 'h', "-", FALSE);
  g_object_set (fixture->element, "vote-min-side", 32, NULL);
  push_object (fixture, 'h', "horse", FALSE);
  push_object (fixture, 't', "horse", TRUE);
  test_fixture_free (fixture);
}
GST_END_TEST

/* What was pending is not any more, and looked at as often as others are. */
GST_START_TEST (test_vote_switched_on)
{
  Fixture *fixture = test_fixture_new ("inference-region", "roi-list",
      "post-messages", "never", "confirm-count", "9", "vote-min-side", "33",
      "reclassify-interval", "3", NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 4; i++)
    push_object (fixture, 'h', "-", FALSE);
  g_object_set (fixture->element, "vote-count", 1, NULL);
  push_object (fixture, 'h', "-", FALSE);
  push_object (fixture, 'h', "-", TRUE);
  push_object (fixture, 'h', "-", TRUE);
  push_object (fixture, 'h', "-", FALSE);
  test_fixture_free (fixture);
}
GST_END_TEST

/* That an object is unknown is not decided; a frame has no vote. */
GST_START_TEST (test_vote_of_unknown)
{
  Fixture *fixture = test_fixture_new ("inference-region", "roi-list-or-frame",
      "post-messages", "never", "vote-count", "2", "state-threshold", "1",
      NULL);

  collage_set_caps (fixture);
  push_object (fixture, 'h', "-", FALSE);
  push_object (fixture, 'h', "unknown", FALSE);
  g_object_set (fixture->element, "state-threshold", 0.5f, NULL);
  for (guint i = 0; i < 3; i++)
    push_object (fixture, 'h', "unknown", FALSE);
  push_object (fixture, 'h', "horse", FALSE);
  push_object (fixture, 'h', "horse", TRUE);
  test_expect_changes (fixture, "-unknown unknown-horse");
  test_expect_state_after (fixture, "hhh", "-", "-");
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
votes_suite (void)
{
  Suite *suite = suite_create ("votes");
  TCase *tests = test_case_new ("votes");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_vote);
  tcase_add_test (tests, test_vote_of_rare_results);
  tcase_add_test (tests, test_vote_switched_off);
  tcase_add_test (tests, test_vote_switched_on);
  tcase_add_test (tests, test_vote_of_small_regions);
  tcase_add_test (tests, test_vote_of_unknown);
  return suite;
}

GST_CHECK_MAIN (votes)
