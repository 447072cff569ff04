#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What READMEs tell to type or to write works. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"

use_build
find "$root/README.md" "$root/engine" "$root/gst" "$root/pipelines" \
  -name README.md -exec cat {} + >"$work/readmes"
# Their commands stand in build/.
mkdir "$work/build"
ln -s "$root/pipelines" "$work/pipelines"
cd "$work/build" || exit 1

# part NAME: what stands between <!-- NAME --> and <!-- /NAME -->.
part () {
  sed -n "/<!-- $1 -->/,/<!-- \\/$1 -->/p" "$work/readmes" | grep -v '^<!--'
}

# code NAME: the same without its fence.
code () {
  part "$1" | grep -v '^```'
}

launch () {
  part launch >launch.sh
  sh ./launch.sh >out || return 1
  cat out
  same 10 "$(grep -c 'alexnet-classification' out)" &&
    grep 'Got EOS' out
}

# Each place posts its own messages.
named () {
  part named >named.sh
  sh ./named.sh >out || return 1
  for place in left door; do
    grep 'alexnet-classification' out |
      grep -q "region-name=(string)$place[,;]" || return 1
  done
}

# Silent, and a file that plays.
overlay () {
  part overlay >overlay.sh
  sh ./overlay.sh >out || return 1
  gst-launch-1.0 -m filesrc location=labelled.webm ! decodebin ! \
    fakesink num-buffers=250 >out || return 1
  grep 'Got EOS' out
}

# As large as the one that is shown; its letters depend on the fonts.
picture () {
  sh "$root/pipelines/media/make-overlay.sh" "$work/overlay.png" || return 1
  same "$(head -c 33 "$root/pipelines/media/overlay.png" | od -t x1)" \
    "$(head -c 33 "$work/overlay.png" | od -t x1)"
}

json () {
  part json >json.sh
  sh ./json.sh >out || return 1
  same 250 "$(grep -c '^{.*}$' out)" && same 250 "$(grep -c . out)" &&
    same 10 "$(sed 's/.*"label":"\([a-z]*\)".*/\1/' out | uniq | grep -c .)"
}

# Each picture of the clip stands for a second.
states () {
  part states >states.sh
  sh ./states.sh >out || return 1
  cat out
  same 10 "$(grep -c 'alexnet-state, .*to=' out)" &&
    same 0 "$(grep -c 'alexnet-classification' out)"
}

# The files are those that the index lists.
examples () {
  part examples >examples.sh
  sh ./examples.sh >out || return 1
  sed 's/^{"file":"\([^"]*\)".*/\1/' examples/examples.jsonl | sort >listed
  ls examples | grep -vx examples.jsonl >found
  cat listed
  [ "$(grep -c '\.jpg$' listed)" -ge 9 ] && cmp listed found
}

# A second one has nothing to do.
batch () {
  part batch >batch.sh
  sh ./batch.sh && same 2 "$(find results -name '*.done' | wc -l)" &&
    same 11 "$(cat results/*/*.jsonl | wc -l)" && sh ./batch.sh 2>again &&
    grep '^2 of 2 inputs, 0 failed, 0.0 frames/s$' again
}

# Of what the check before it left.
report () {
  part report >report.sh
  sh ./report.sh && same 2 "$(grep -c '<article' report.html)"
}

python () {
  code python >show.py
  /usr/bin/python3 show.py >out || return 1
  same 250 "$(grep -c . out)" && same 10 "$(awk '{ print $2 }' out | uniq |
    grep -c .)"
}

c () {
  { echo '#include <gst/gst.h>'; code c; cat <<'C'
static GstPadProbeReturn
probe (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  show (GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  GstElement *pipeline = gst_parse_launch ("filesrc "
      "location=../pipelines/media/sample.webm ! decodebin ! videoconvert ! "
      "alexnetclassify ! fakesink name=sink", NULL);
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstPad *pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, NULL, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_message_unref (gst_bus_timed_pop_filtered (GST_ELEMENT_BUS (pipeline),
          GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return 0;
}
C
  } >show.c
  # shellcheck disable=SC2046
  "${CC:-gcc}" -Wall -o show show.c $(pkg-config --cflags --libs gstreamer-1.0)
  ./show >out || return 1
  same 250 "$(grep -c . out)" && same 10 "$(uniq out | grep -c .)"
}

# The programs of the build directory stand in this one, too.
apps () {
  ln -s "$BUILD/pipelines" pipelines
  part apps >apps.sh
  sh -e ./apps.sh >out || return 1
  cat out
  same '25 frames  truck' "$(grep -o '25 frames  truck' out)" &&
    same 89504e47 "$(head -c 4 timeline.png | od -An -tx1 | tr -d ' ')"
}

# The main properties are told as where all are.
properties () {
  part 'main properties' | grep -q '^| `model-file`' &&
    ! part 'main properties' | grep -vxF -f "$root/gst/classify/README.md"
}

# No part is without a check; property-table, survival.py and parquet.sh have
# some.
parts () {
  same 'apps batch c examples json launch main properties named overlay parquet
properties properties properties properties python report states survival' \
    "$(sed -n 's/^<!-- \/\(.*\) -->$/\1/p' "$work/readmes" | sort | xargs |
      fold -sw 80 | sed 's/ $//')"
}

# All that the program itself lists.
commands () {
  listed=$("$BUILD/engine/tools/alexnet-inspect" --help |
    sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | xargs) &&
    [ -n "$listed" ] &&
    same "$listed" "$(sed -n '/alexnet-inspect. needs no GStreamer:/,/help/p' \
      "$root/README.md" | grep -o '`[a-z]*`' | tr -d '`' | xargs)"
}

check 'the pipeline by hand' launch
check 'regions with names' named
check 'examples to learn from' examples
check_with classificationoverlay 'a labelled file' overlay
check_with classificationoverlay 'the picture is made' picture
check 'lines of JSON' json
check 'states of a clip' states
check 'alexnet-batch' batch
check 'alexnet-batch report' report
check 'reading results in Python' python
check 'reading results in C' c
check 'the applications' apps
check_with alexnet-inspect 'commands of alexnet-inspect' commands
check 'the main properties' properties
check 'every part has a check' parts
done_testing
