#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Classifies live video, a camera's or a test picture where there is none:
#     sh pipelines/camera.sh
# From the environment:
#     DEVICE   the camera, /dev/video0 when not set
#     FRAMES   stop after so many; else Ctrl-C does
# Frames that come too late are passed on without a look at them.
set -eu
. "$(dirname "$0")/lib.sh"

prepare
if [ -n "${DEVICE:-}" ] || [ -e /dev/video0 ]; then
  set -- v4l2src device="${DEVICE:-/dev/video0}" ${FRAMES:+"num-buffers=$FRAMES"} ! decodebin
else
  echo 'No camera here: a test picture'
  set -- videotestsrc is-live=true pattern=ball ${FRAMES:+"num-buffers=$FRAMES"} \
    ! video/x-raw,width=640,height=480,framerate=30/1
fi
launch "$@" ! videoconvert ! alexnetclassify post-messages=always top-k=3 \
  ! fakesink sync=true qos=true
