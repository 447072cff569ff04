/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the results of an object of a tracker agree on, for good. */

#include "support/statehelpers.h"

#define REGIONS "inference-region=roi-list collage "

static const StateCase cases[] = {
  /* Looked at every second frame until three results agree, then never again.
   * Without a vote nothing is decided. */
  { REGIONS "vote-count=3 vote-share=0.6 reclassify-interval=2 "
            "H:- H:-~ T:- T:-~ H:horse TTTTT:horse~ [-horse] "
            "vote-count=0 T:-~ T:-" },
  /* An object that is there whenever somebody looks is the same one, however
   * seldom that is. */
  { REGIONS "vote-count=2 inference-interval=400 H:- 399 H:horse [-horse]" },
  /* What was decided for good is not when there is no vote any more. */
  { REGIONS "confirm-count=1 vote-count=1 H:horse T:horse~ [-horse] "
            "vote-count=0 T:horse~ T:truck [horse-truck] "
            "vote-count=2 H:truck H:horse [truck-horse]" },
  /* Regions of 32 pixels, one too few. */
  { REGIONS "vote-count=1 vote-min-side=33 HH:- "
            "vote-min-side=32 H:horse T:horse~ [-horse]" },
  /* What was pending is not any more, and looked at as often as others are. */
  { REGIONS "confirm-count=9 vote-min-side=33 reclassify-interval=3 HHHH:- "
            "vote-count=1 H:- HH:-~ H:-" },
  /* That an object is unknown is not decided; a frame has no vote. */
  { "inference-region=roi-list-or-frame collage vote-count=2 state-threshold=1 "
    "H:- H:unknown [-unknown] state-threshold=0.5 HHH:unknown H:horse "
    "H:horse~ [unknown-horse] hhh:-" },
};

GST_START_TEST (test_case)
{
  test_state_case (&cases[__i__]);
}
GST_END_TEST

static Suite *
votes_suite (void)
{
  Suite *suite = suite_create ("votes");
  TCase *tests = test_case_new ("votes");

  suite_add_tcase (suite, tests);
  tcase_add_loop_test (tests, test_case, 0, G_N_ELEMENTS (cases));
  return suite;
}

GST_CHECK_MAIN (votes)
