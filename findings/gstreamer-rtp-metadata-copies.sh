#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How often custom metadata is on a frame behind RTP depayloaders of plugins-good
# 1.22.0 (Debian 12):
#     sh findings/gstreamer-rtp-metadata-copies.sh
# A payloader copies a frame's metadata to each of its packets, and a depayloader
# that of each packet to the frame: as many equal copies as there were packets,
# hundreds on a large one. Who iterates takes one result for many;
# gst_buffer_get_custom_meta() gives the first. 1.28.8 does the same.
# Downloads that version into a temporary folder; needs apt-get with Debian 12's
# packages, gcc, GStreamer's headers and its plugins-base. Prints what it sees, and
# fails when that is something else.
set -eu

version=1.22.0-5+deb12u4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download "gstreamer1.0-plugins-good=$version"
dpkg -x ./*.deb root

cat >copies.c <<'C'
#include <gst/gst.h>

static GstPadProbeReturn
add (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  GstBuffer *buffer =
      gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));

  gst_buffer_add_custom_meta (buffer, "words");
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
count_buffers (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  *(guint *) n += 1;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
count_copies (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (buffer, &state)))
    if (gst_meta_info_is_custom (meta->info))
      *(guint *) n += 1;
  return GST_PAD_PROBE_OK;
}

static void
probe (GstElement *pipeline, const char *name, GstPadProbeCallback callback,
    gpointer data)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstPad *pad = gst_element_get_static_pad (element, "sink");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, data, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
}

/* One frame, of noise. */
static void
show (const char *encoder, const char *format)
{
  char *line = g_strdup_printf ("videotestsrc num-buffers=1 pattern=snow ! "
                                "video/x-raw,format=I420,width=128,height=64 ! "
                                "identity name=first ! %s ! rtp%spay ! "
                                "identity name=packets ! rtp%sdepay ! "
                                "fakesink name=frames",
      encoder, format, format);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  guint n_packets = 0, n_frames = 0, n_copies = 0;
  GstMessage *message;

  probe (pipeline, "first", add, NULL);
  probe (pipeline, "packets", count_buffers, &n_packets);
  probe (pipeline, "frames", count_buffers, &n_frames);
  probe (pipeline, "frames", count_copies, &n_copies);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_print ("%s: %u frame, some packets: %s, as many copies: %s\n",
      format, n_frames, n_packets >= 3 ? "yes" : "no",
      n_copies == n_packets ? "yes" : "no");
  g_printerr ("# %u packets, %u copies\n", n_packets, n_copies);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_free (line);
}

int
main (int argc, char **argv)
{
  static const char *tags[] = { NULL };

  gst_init (&argc, &argv);
  gst_meta_register_custom ("words", tags, NULL, NULL, NULL);
  show ("identity", "vraw");
  show ("jpegenc", "jpeg");
  show ("vp8enc deadline=1", "vp8");
  return 0;
}
C
# shellcheck disable=SC2046
gcc copies.c -o copies $(pkg-config --cflags --libs gstreamer-1.0)
GST_PLUGIN_PATH=$(find "$PWD/root" -type d -name gstreamer-1.0) \
  GST_REGISTRY=$PWD/registry ./copies >seen
cat seen
cat >expected <<'TXT'
vraw: 1 frame, some packets: yes, as many copies: yes
jpeg: 1 frame, some packets: yes, as many copies: yes
vp8: 1 frame, some packets: yes, as many copies: yes
TXT
if diff expected seen; then
  echo "plugins-good $version: as described"
else
  echo "plugins-good $version behaves otherwise than described" >&2
  exit 1
fi
