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
takes=0
. "$(dirname "$0")/lib.sh"

# classify_live WORD...: the words bring the picture.
classify_live () {
  launch "$@" ! videoconvert ! alexnetclassify post-messages=always top-k=3 \
    ! fakesink sync=true qos=true
}

prepare
with_camera classify_live
