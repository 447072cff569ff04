#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes overlay.png, the picture in README.md: three photographs of sample.webm
# as classificationoverlay shows them.
#     sh pipelines/media/make-overlay.sh [FILE]
# Needs the build in build/ (or $BUILD), gstreamer1.0-plugins-base and -good.
set -eu

case ${1-} in
  -h | --help) exec sh "$(dirname -- "$0")/../help.sh" "$0" ;;
esac

media=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=${BUILD:-$media/../../build}
picture=${1:-$media/overlay.png}
frames=$(mktemp -d)
trap 'rm -rf "$frames"' EXIT

export GST_PLUGIN_PATH="$build/gst"
export ALEXNET_DATA_DIR="$media/../models"

# A photograph lasts a second, and so the state is pending on even pictures.
gst-launch-1.0 -q filesrc location="$media/sample.webm" ! decodebin ! \
  videoconvert ! video/x-raw,format=RGB ! alexnetclassify confirm-count=3 ! \
  videorate ! video/x-raw,framerate=2/1 ! classificationoverlay ! pngenc ! \
  multifilesink location="$frames/%d.png"

# In a row, eight white pixels apart.
set -- compositor name=row background=white
left=0
for still in 7 14 17; do
  set -- "$@" "sink_$((left / 264))::xpos=$left"
  left=$((left + 264))
done
set -- "$@" ! videoconvert ! video/x-raw,format=RGB ! pngenc compression-level=9 \
  ! filesink location="$picture"
for still in 7 14 17; do
  set -- "$@" filesrc location="$frames/$still.png" ! pngdec ! row.
done
gst-launch-1.0 -q "$@"
