#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How many gaps the queue of GStreamer 1.22.0 (Debian 12) takes:
#     sh findings/gstreamer-queue-gaps.sh
# It waits for room with buffers alone and lets GAP events in however many there
# are, also beyond max-size-time. So behind a valve with
# drop-mode=transform-to-gap a file runs through in an instant, instead of in the
# sink's time, and is over when the valve opens again; without the queue the sink
# holds it back. 1.28.8 does the same.
# Downloads that version into a temporary folder; needs apt-get with Debian 12's
# packages, gcc, GStreamer's headers and its plugins-base. Prints what it sees, and
# fails when that is something else.
set -eu

version=1.22.0-2+deb12u1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download "libgstreamer1.0-0=$version"
dpkg -x ./*.deb root

cat >gaps.c <<'C'
#include <gst/gst.h>

static GstPadProbeReturn
count (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  g_atomic_int_inc ((gint *) n);
  return GST_PAD_PROBE_OK;
}

static void
probe (GstElement *pipeline, gint *n)
{
  GstElement *source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  GstPad *pad = gst_element_get_static_pad (source, "src");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count, n, NULL);
  gst_object_unref (pad);
  gst_object_unref (source);
}

/* 40 seconds of frames into a sink that is paused, through a valve that is
 * open, or shut. */
static void
show (const char *drop, const char *between)
{
  char *line = g_strdup_printf ("videotestsrc name=source num-buffers=1000 ! "
                                "video/x-raw,width=16,height=16,framerate=25/1 "
                                "! valve drop=%s drop-mode=transform-to-gap ! "
                                "%s ! fakesink",
      drop, between);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  gint n = 0;

  probe (pipeline, &n);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_usleep (2 * G_USEC_PER_SEC);
  g_print ("valve %s, %s: %s of 1000 frames have left the source\n",
      *drop == 't' ? "shut" : "open", between,
      n == 1000 ? "1000" : n < 40 ? "a few" : "many");
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  g_free (line);
}

int
main (int argc, char **argv)
{
  static const char *const between[] = { "identity",
    "queue max-size-time=1000000000" };

  gst_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (between); i++) {
    show ("false", between[i]);
    show ("true", between[i]);
  }
  return 0;
}
C
# shellcheck disable=SC2046
gcc gaps.c -o gaps $(pkg-config --cflags --libs gstreamer-1.0)
lib=$(dirname "$(find root -name 'libgstreamer-1.0.so.0')")
LD_LIBRARY_PATH=$lib GST_PLUGIN_PATH=$PWD/$lib/gstreamer-1.0 \
  GST_PLUGIN_SYSTEM_PATH=$(pkg-config --variable=pluginsdir gstreamer-1.0) \
  GST_REGISTRY=$PWD/registry ./gaps >seen
cat seen
cat >expected <<'TXT'
valve open, identity: a few of 1000 frames have left the source
valve shut, identity: a few of 1000 frames have left the source
valve open, queue max-size-time=1000000000: a few of 1000 frames have left the source
valve shut, queue max-size-time=1000000000: 1000 of 1000 frames have left the source
TXT
if diff expected seen; then
  echo "GStreamer $version: as described"
else
  echo "GStreamer $version behaves otherwise than described" >&2
  exit 1
fi
