#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Writes a video anew with its classes drawn on it:
#     sh pipelines/overlay.sh [VIDEO|URI [OUTPUT]]
# Without arguments: the sample clip, to overlay.webm in this directory.
set -eu
takes=2
. "$(dirname "$0")/lib.sh"

input=${1:-$sample}
output=${2:-overlay.webm}
[ ! "$input" -ef "$output" ] || die "$output cannot be input and output"
prepare full
if ! GST_PLUGIN_PATH=$build/gst gst-inspect-1.0 classificationoverlay \
  >/dev/null 2>&1; then
  # It was built before pango was here.
  meson setup --reconfigure "$build" "$root" >"$build/setup.log" 2>&1 || {
    cat "$build/setup.log" >&2
    die "meson could not configure $build"
  }
  prepare
fi
with_source launch "$input" ! videoconvert ! alexnetclassify \
  post-messages=always top-k=3 ! classificationoverlay ! videoconvert \
  ! vp8enc deadline=1 ! webmmux ! filesink location="$output" || {
  [ ! -f "$output" ] || [ -s "$output" ] || rm "$output"
  exit 1
}
echo "$output is ready"
