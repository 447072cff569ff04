#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What classificationjson writes is what its schema says. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"

use_build
schema=$root/gst/json/classificationjson.schema.json
cd "$work" || exit 1

/usr/bin/python3 -c 'import jsonschema' 2>/dev/null ||
  skip_all 'no python3-jsonschema'

# write WORD...: the sample clip's lines, with these properties.
write () {
  gst-launch-1.0 -q filesrc location="$sample" ! \
    decodebin ! videoconvert ! alexnetclassify ! classificationjson "$@" ! \
    fakesink
}

# valid N FILE
valid () {
  /usr/bin/python3 "$root/tests/pipelines/check-lines.py" "$schema" <"$2" >found &&
    same "$1" "$(cat found)"
}

standard_output () {
  write >lines && valid 250 lines
}

file () {
  write location=file.jsonl >out && same '' "$(cat out)" &&
    valid 250 file.jsonl
}

descriptor () {
  write fd=3 3>descriptor.jsonl && valid 250 descriptor.jsonl
}

# The second one's states, which the first one has none of.
two_classifiers () {
  gst-launch-1.0 -q videotestsrc num-buffers=120 ! \
    alexnetclassify top-k=1 ! \
    alexnetclassify regions=door:0.0,0.0,0.5,0.5 confirm-count=1 ! \
    classificationjson location=states.jsonl write-when=on-state ! \
    classificationjson location=all.jsonl ! fakesink 2>errors &&
    same '' "$(cat errors)" && valid 1 states.jsonl && valid 240 all.jsonl &&
    same door "$(jq -r '.regions[].region_name' states.jsonl)"
}

# Nothing but the lines that a reader has not taken is lost when it goes.
reader_goes () {
  write 2>errors | head -n 3 >lines
  grep 'cannot write to descriptor 1: Broken pipe' errors && valid 3 lines
}

disk_full () {
  if write location=/dev/full 2>errors; then return 1; fi
  cat errors
  same 1 "$(grep -c 'No space left on device' errors)"
}

# Numbers are written as they are read.
decimal_comma () {
  (
    export LOCPATH="$work" LC_ALL=de_DE.UTF-8 LANGUAGE=C
    same , "$(locale decimal_point)" &&
      write >lines && valid 250 lines || return
    gst-launch-1.0 -q videotestsrc ! \
      alexnetclassify regions=door:0.5,0.5,0.625,0.25 ! fakesink 2>errors
    grep 'region "door" reaches to 1.125,0.75; ' errors || return
    gst-launch-1.0 -q videotestsrc ! \
      alexnetclassify regions=door:0.5,0.5,0.001,0.25 ! fakesink 2>errors
    grep 'one, which is 0.0031 of the width' errors
  )
}

check 'standard output' standard_output
check 'a file' file
check 'a descriptor' descriptor
check 'two classifiers' two_classifiers
check 'a reader that goes' reader_goes
check 'a full disk' disk_full
if localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" 2>errors; then
  check 'a decimal comma' decimal_comma
else
  skip 'a decimal comma' 'no such locale can be made'
fi
done_testing
