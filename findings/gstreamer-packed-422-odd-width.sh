#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What gst_video_frame_copy() of plugins-base 1.22.0 (Debian 12) leaves out of
# packed 4:2:2 of an odd width:
#     sh findings/gstreamer-packed-422-odd-width.sh
# The last column has a whole group of four bytes, but two bytes for each column
# are copied: its second chroma sample (V of YUY2 and UYVY, U of YVYU and VYUY)
# stays what it was in the frame that is copied to. Nothing is said, and a plain
# copy of the buffer has all of it.
# Downloads that version into a temporary folder; needs apt-get with Debian 12's
# packages, gcc, and GStreamer's headers. Prints what it sees, and fails when that
# is something else.
set -eu

version=1.22.0-3+deb12u7
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download "libgstreamer-plugins-base1.0-0=$version"
dpkg -x ./*.deb root

cat >copy.c <<'C'
#include <gst/video/video.h>
#include <stdio.h>
#include <string.h>

static GstBuffer *
fill (const GstVideoInfo *info, guint8 value)
{
  GstBuffer *buffer = gst_buffer_new_and_alloc (info->size);

  gst_buffer_memset (buffer, 0, value, info->size);
  return buffer;
}

static void
show (GstVideoFormat format, guint width)
{
  GstVideoInfo info;
  GstVideoFrame from, to;
  GstBuffer *source, *copy;

  gst_video_info_set_format (&info, format, width, 1);
  source = fill (&info, 1);
  copy = fill (&info, 0);
  gst_video_frame_map (&from, &info, source, GST_MAP_READ);
  gst_video_frame_map (&to, &info, copy, GST_MAP_WRITE);
  gst_video_frame_copy (&to, &from);
  printf ("%s, %u columns, bytes copied: ",
      gst_video_format_to_string (format), width);
  for (guint i = 0; i < (width + 1) / 2 * 4; i++)
    printf ("%d", ((guint8 *) to.data[0])[i]);
  puts ("");
  gst_video_frame_unmap (&to);
  gst_video_frame_unmap (&from);
  gst_buffer_unref (source);
  gst_buffer_unref (copy);
}

int
main (int argc, char **argv)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_YUY2,
    GST_VIDEO_FORMAT_YVYU, GST_VIDEO_FORMAT_UYVY, GST_VIDEO_FORMAT_VYUY };

  gst_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    for (guint width = 4; width >= 3; width--)
      show (formats[i], width);
  return 0;
}
C
# shellcheck disable=SC2046
gcc copy.c -o copy $(pkg-config --cflags --libs gstreamer-video-1.0)
LD_LIBRARY_PATH=$(dirname "$(find root -name 'libgstvideo-1.0.so.0')") \
  ./copy >seen
cat seen
cat >expected <<'TXT'
YUY2, 4 columns, bytes copied: 11111111
YUY2, 3 columns, bytes copied: 11111100
YVYU, 4 columns, bytes copied: 11111111
YVYU, 3 columns, bytes copied: 11111100
UYVY, 4 columns, bytes copied: 11111111
UYVY, 3 columns, bytes copied: 11111100
VYUY, 4 columns, bytes copied: 11111111
VYUY, 3 columns, bytes copied: 11111100
TXT
if diff expected seen; then
  echo "plugins-base $version: as described"
else
  echo "plugins-base $version behaves otherwise than described" >&2
  exit 1
fi
