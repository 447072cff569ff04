#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Classifies the regions of a picture that a detector, here a script, found:
#     sh pipelines/regions.sh [VIDEO|IMAGE|URI]
# Without an argument: the sample clip beside its first picture. REGIONS in the
# environment are "LABEL:X,Y,WIDTH,HEIGHT ...", in parts of the frame; when not
# set, the left and the right half. pipelines/python/ has the detector. With
# NAMED, "NAME:X,Y,WIDTH,HEIGHT;...", as the element's property regions has it,
# places are classified that have a name and need no detector.
set -eu
takes=1
. "$(dirname "$0")/lib.sh"

# classify_regions WORD...: the words bring the picture.
classify_regions () {
  if [ -n "${NAMED:-}" ]; then
    launch "$@" ! videoconvert \
      ! alexnetclassify regions="$NAMED" post-messages=always top-k=3 \
      ! fakesink
    return
  fi
  launch "$@" ! videoconvert \
    ! scripteddetector regions="${REGIONS:-left:0,0,0.5,1 right:0.5,0,0.5,1}" \
    ! alexnetclassify inference-region=roi-list post-messages=always top-k=3 \
    ! fakesink
}

prepare regions
export GST_PLUGIN_PATH="$root/pipelines${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}"
if [ $# -gt 0 ]; then
  with_source classify_regions "$1"
else
  classify_regions filesrc location="$sample" ! decodebin ! videoconvert \
    ! mosaic.sink_0 \
    filesrc location="$sample" ! decodebin ! videoconvert \
    ! imagefreeze num-buffers=250 ! video/x-raw,framerate=25/1 ! mosaic.sink_1 \
    compositor name=mosaic sink_1::xpos=256
fi
