/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Taken out of a pipeline that plays, by whoever sees what comes out. */

#include "support/pipeline.h"

#define SOURCE                                                  \
  "videotestsrc ! video/x-raw,format=RGB,width=32,height=32 ! " \
  "queue name=queue ! identity name=before ! "

/* Shares its engine with those that come and go, which so start at once. */
static GstElement *
keeper_new (void)
{
  GstElement *keeper = test_element_new (NULL);

  gst_element_set_state (keeper, GST_STATE_PAUSED);
  return keeper;
}

static void
keeper_free (GstElement *keeper)
{
  gst_element_set_state (keeper, GST_STATE_NULL);
  gst_object_unref (keeper);
}

/* A pipeline with an effect that is changed again and again, as the chapter on
 * dynamic pipelines in GStreamer's manual does it. */
typedef struct {
  GstElement *pipeline, *before, *effect, *after;
  GQueue effects; /* that wait for their turn */
  GMutex lock;
  GCond changed;
  guint n_changes;
  guint64 next; /* number of the frame that the sink expects */
} Show;

static GstPadProbeReturn
change (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Show *show = user_data;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_DATA (info)) != GST_EVENT_EOS)
    return GST_PAD_PROBE_PASS;
  gst_pad_remove_probe (pad, GST_PAD_PROBE_INFO_ID (info));
  g_queue_push_tail (&show->effects, gst_object_ref (show->effect));
  fail_unless_equals_int (gst_element_set_state (show->effect, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  gst_bin_remove (GST_BIN (show->pipeline), show->effect);
  show->effect = g_queue_pop_head (&show->effects);
  gst_bin_add (GST_BIN (show->pipeline), show->effect);
  gst_object_unref (show->effect);
  fail_unless (gst_element_link_many (show->before, show->effect, show->after,
      NULL));
  gst_element_set_state (show->effect, GST_STATE_PLAYING);
  g_mutex_lock (&show->lock);
  show->n_changes++;
  g_cond_signal (&show->changed);
  g_mutex_unlock (&show->lock);
  return GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn
drain (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Show *show = user_data;
  GstPad *src = gst_element_get_static_pad (show->effect, "src");
  GstPad *sink = gst_element_get_static_pad (show->effect, "sink");

  gst_pad_remove_probe (pad, GST_PAD_PROBE_INFO_ID (info));
  gst_pad_add_probe (src,
      GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, change,
      show, NULL);
  gst_pad_send_event (sink, gst_event_new_eos ());
  gst_object_unref (sink);
  gst_object_unref (src);
  return GST_PAD_PROBE_OK;
}

/* No frame is lost, and none comes twice. */
static GstPadProbeReturn
expect_next (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Show *show = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), show->next++);
  return GST_PAD_PROBE_OK;
}

/* `n_classifiers` take turns with an identity. */
static void
change_effects (guint n_classifiers, guint n_changes)
{
  Show show = { .effects = G_QUEUE_INIT };
  GstElement *queue, *sink;
  GstPad *pad;

  show.pipeline = gst_parse_launch (SOURCE "identity name=effect ! "
                                           "identity name=after ! queue ! "
                                           "fakesink name=sink",
      NULL);
  show.before = gst_bin_get_by_name (GST_BIN (show.pipeline), "before");
  show.after = gst_bin_get_by_name (GST_BIN (show.pipeline), "after");
  show.effect = gst_bin_get_by_name (GST_BIN (show.pipeline), "effect");
  gst_object_unref (show.effect);
  queue = gst_bin_get_by_name (GST_BIN (show.pipeline), "queue");
  sink = gst_bin_get_by_name (GST_BIN (show.pipeline), "sink");
  for (guint i = 0; i < n_classifiers; i++)
    g_queue_push_tail (&show.effects,
        gst_object_ref_sink (test_element_new (NULL)));
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, expect_next, &show, NULL);
  gst_object_unref (pad);
  gst_element_set_state (show.pipeline, GST_STATE_PLAYING);

  pad = gst_element_get_static_pad (queue, "src");
  for (guint i = 1; i <= n_changes; i++) {
    g_usleep (10 * 1000);
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, drain, &show,
        NULL);
    g_mutex_lock (&show.lock);
    while (show.n_changes < i)
      g_cond_wait (&show.changed, &show.lock);
    g_mutex_unlock (&show.lock);
  }
  gst_object_unref (pad);
  gst_element_set_state (show.pipeline, GST_STATE_NULL);
  fail_unless (show.next > n_changes);
  g_queue_clear_full (&show.effects, gst_object_unref);
  gst_object_unref (sink);
  gst_object_unref (queue);
  gst_object_unref (show.after);
  gst_object_unref (show.before);
  gst_object_unref (show.pipeline);
}

GST_START_TEST (test_change_effects)
{
  GstElement *keeper = keeper_new ();

  change_effects (1, 10);
  change_effects (3, 20);
  keeper_free (keeper);
}
GST_END_TEST

static void
note (gpointer flag, GObject *object)
{
  g_atomic_int_set ((gint *) flag, TRUE);
}

static void
wait_for (const gint *flag)
{
  while (!g_atomic_int_get (flag))
    g_usleep (1000);
}

/* The pipeline has the only reference. */
static GstPadProbeReturn
remove_for_good (GstPad *pad, GstPadProbeInfo *info, gpointer removed)
{
  GstElement *element = gst_pad_get_parent_element (pad);
  GstObject *pipeline = gst_object_get_parent (GST_OBJECT (element));

  gst_element_set_state (element, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (pipeline), element);
  gst_object_unref (pipeline);
  gst_object_unref (element);
  note (removed, NULL);
  return GST_PAD_PROBE_REMOVE;
}

/* In the middle of a frame that is on its way; the element is freed, once its
 * messages are. */
GST_START_TEST (test_remove_for_good)
{
  GstElement *keeper = keeper_new ();

  for (guint i = 0; i < 20; i++) {
    GstElement *pipeline = gst_parse_launch (SOURCE "fakesink name=sink", NULL);
    GstElement *before = gst_bin_get_by_name (GST_BIN (pipeline), "before");
    GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
    GstElement *element = test_element_new (NULL);
    GstPad *pad = gst_element_get_static_pad (element, "src");
    gint removed = FALSE, freed = FALSE;

    gst_element_unlink (before, sink);
    gst_bin_add (GST_BIN (pipeline), element);
    fail_unless (gst_element_link_many (before, element, sink, NULL));
    g_object_weak_ref (G_OBJECT (element), note, &freed);
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, remove_for_good,
        &removed, NULL);
    gst_object_unref (pad);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    wait_for (&removed);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    wait_for (&freed);
    gst_object_unref (sink);
    gst_object_unref (before);
    gst_object_unref (pipeline);
  }
  keeper_free (keeper);
}
GST_END_TEST

/* Stops and starts in one go: the frame that was being sent is the last one of
 * the old run, and the new one works. */
static GstPadProbeReturn
restart (GstPad *pad, GstPadProbeInfo *info, gpointer n_frames)
{
  GstElement *element = gst_pad_get_parent_element (pad);

  if (g_atomic_int_get ((gint *) n_frames) % 3 == 0) {
    gst_element_set_state (element, GST_STATE_READY);
    gst_element_set_state (element, GST_STATE_PLAYING);
  }
  g_atomic_int_inc ((gint *) n_frames);
  gst_object_unref (element);
  return GST_PAD_PROBE_OK;
}

GST_START_TEST (test_restart)
{
  GstElement *keeper = keeper_new ();
  Fixture *fixture = test_fixture_new (NULL);
  GstPad *pad = gst_element_get_static_pad (fixture->element, "src");
  gint n = 0;

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, restart, &n, NULL);
  for (gint i = 1; i <= 30; i++) {
    while (test_push (fixture) != GST_FLOW_OK)
      test_set_caps (fixture, TEST_CAPS);
    while (g_atomic_int_get (&n) < i)
      g_usleep (100);
  }
  gst_object_unref (pad);
  test_fixture_free (fixture);
  keeper_free (keeper);
}
GST_END_TEST

static Suite *
removal_suite (void)
{
  Suite *suite = suite_create ("removal");
  TCase *tests = test_case_new ("removal");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_change_effects);
  tcase_add_test (tests, test_remove_for_good);
  tcase_add_test (tests, test_restart);
  return suite;
}

GST_CHECK_MAIN (removal)
