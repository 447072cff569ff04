#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Classifies an H.264 video that the GPU decodes:
#     sh pipelines/gpu-decode.sh [VIDEO]
# Without an argument: the sample clip, as H.264. DECODER in the environment
# is another decoder, nvh265dec for H.265; nvh264dec when not set.
# Exits with 77 where that is not to be had.
set -eu
takes=1
. "$(dirname "$0")/lib.sh"

decoder=${DECODER:-nvh264dec}
[ $# -eq 0 ] || readable "$1"
prepare gpu
gst-inspect-1.0 --exists "$decoder" || {
  complain "no $decoder here:" \
    "it needs an NVIDIA GPU, its driver and libnvcuvid.so.1"
  exit 77
}
if [ $# -eq 0 ]; then
  set -- "$work/sample.mp4"
  launch_quietly filesrc location="$sample" ! decodebin ! videoconvert \
    ! video/x-raw,format=I420 ! x264enc ! mp4mux ! filesink location="$1"
fi
launch filesrc location="$1" ! parsebin ! "$decoder" ! videoconvert \
  ! videoflip video-direction=auto \
  ! alexnetclassify post-messages=always top-k=3 ! fakesink
