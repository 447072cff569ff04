#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The applications in pipelines/apps/ as a user builds and calls them. Prints
# TAP.
set -u
. "$(dirname "$0")/tap.sh"

apps=$root/pipelines/apps
use_build

watch () {
  timeout -k 5 60 "${program:-$BUILD/pipelines/apps/watch}" "$@" \
    >"$work/out" 2>"$work/errors"
  status=$?
  cat "$work/out" "$work/errors"
  return $status
}

timeline () {
  timeout -k 5 60 /usr/bin/python3 "$apps/timeline.py" "$@" \
    >"$work/out" 2>"$work/errors"
  status=$?
  cat "$work/out" "$work/errors"
  return $status
}

# fails_with TEXT APPLICATION ARGUMENT...: with status 1 and this alone.
fails_with () {
  text=$1
  shift
  "$@"
  same 1 $? && same "$text" "$(cat "$work/errors")"
}

# lost APPLICATION ARGUMENT...: on a full disk.
lost () {
  application=$1
  shift
  timeout -k 5 60 "$@" >/dev/full 2>"$work/errors"
  same 1 $? && grep -x "$application: .*" "$work/errors" &&
    same 1 "$(wc -l <"$work/errors")"
}

lost_all () {
  for argument in --help --stop=1; do
    lost watch "$BUILD/pipelines/apps/watch" $argument "$sample" || return 1
  done
  lost timeline.py env -u PYTHONUNBUFFERED /usr/bin/python3 \
    "$apps/timeline.py" "$sample" "$work/lost.png"
}

dashes () {
  ln -s "$sample" "$work/-clip.webm" && cd "$work" || return 1
  watch --stop=1 -- -clip.webm && same '25 airplane' "$(counted)"
  found=$?
  cd "$OLDPWD" && return $found
}

# TIME CLASS of each message on the bus, FRAMES CLASS of the summary.
on_bus () {
  sed -nE 's/^ *([0-9.]+) s  ([a-z]+) .*/\1 \2/p' "$work/out" | xargs
}

counted () {
  sed -nE 's/^ *([0-9]+) frames  ([a-z]+), .*/\1 \2/p' "$work/out" | xargs
}

whole_clip () {
  watch "$sample" &&
    same "$(i=0; for class in $classes; do
        printf '%d.000 %s ' $i "$class"; i=$((i + 1)); done | xargs)" \
      "$(on_bus)" &&
    same "$(for class in $classes; do printf '25 %s ' "$class"; done | xargs)" \
      "$(counted)"
}

# The line in the program's own header.
by_hand () {
  compile=$(sed -n 's/^ \*  *\(cc .*\)/\1/p' "$apps/watch.c")
  cp "$apps/watch.c" "$work" && (cd "$work" && sh -c "$compile") || return 1
  program=$work/watch
  whole_clip
}

# A file is none of the scheme that its name seems to have.
colons () {
  cp "$sample" "$work/door-12:30:00.webm" && cd "$work" || return 1
  watch door-12:30:00.webm && same "$(for class in $classes; do
      printf '25 %s ' "$class"; done | xargs)" "$(counted)" &&
    timeline door-12:30:00.webm "$work/plot.png"
  found=$?
  cd "$OLDPWD" && return $found
}

# A terminal would obey them.
control_characters () {
  for label in a b c d e f g h i j; do
    printf 'thing\033[31m\t%s\n' $label
  done >"$work/labels.txt"
  "$BUILD/engine/tools/alexnet-inspect" convert --labels="$work/labels.txt" \
    "$ALEXNET_DATA_DIR/alexnet-cifar10.safetensors" \
    -o "$work/own.safetensors" &&
    ALEXNET_MODEL=$work/own.safetensors watch --stop=1 "$sample" &&
    same 'thing?[31m?a thing?[31m?a' \
      "$(grep -o 'thing[^ ,]*' "$work/out" | xargs)"
}

seek () {
  watch --start=2.52 --stop=4.52 "$sample" &&
    same '2.520 bird 3.000 cat 4.000 deer' "$(on_bus)" &&
    same '12 bird 25 cat 13 deer' "$(counted)"
}

# Ctrl-C ends the stream; the summary still comes. The pipe has no end.
interrupted () {
  mkfifo "$work/endless"
  gst-launch-1.0 -q videotestsrc is-live=true ! vp8enc deadline=1 \
    ! webmmux streamable=true ! fdsink >"$work/endless" &
  writer=$!
  timeout -s INT 5 "$BUILD/pipelines/apps/watch" "file://$work/endless" \
    >"$work/out" 2>"$work/errors"
  kill $writer
  cat "$work/out" "$work/errors"
  [ -n "$(counted)" ] && same '' "$(cat "$work/errors")"
}

# A source that brings nothing has no stream yet that could end.
interrupted_early () {
  mkfifo "$work/silent" && sleep 30 >"$work/silent" &
  writer=$!
  timeout -s INT 2 "$BUILD/pipelines/apps/watch" "file://$work/silent" \
    >"$work/out" 2>"$work/errors"
  kill $writer
  same 'watch: interrupted before the first frame' "$(cat "$work/errors")"
}

# Labels and names are not only of ASCII.
letters () {
  (
    export LC_ALL=C.UTF-8
    for i in 0 1 2 3 4 5 6 7 8 9; do echo "Käfer$i"; done >"$work/labels.txt"
    "$BUILD/engine/tools/alexnet-inspect" convert --labels="$work/labels.txt" \
      "$ALEXNET_DATA_DIR/alexnet-cifar10.safetensors" \
      -o "$work/letters.safetensors" || return
    export ALEXNET_MODEL="$work/letters.safetensors"
    watch --stop=1 "$sample" &&
      same 'Käfer0 Käfer0' "$(grep -o 'Käfer[0-9]' "$work/out" | xargs)" &&
      fails_with "watch: no file $work/Käfer" watch "$work/Käfer"
  )
}

# bad_input NAME APPLICATION ARGUMENT_AFTER...
bad_input () {
  name_=$1
  application=$2
  shift 2
  gst-launch-1.0 -q audiotestsrc num-buffers=10 ! wavenc \
    ! filesink location="$work/sound.wav" || return 1
  fails_with "$name_: no file $work/absent" \
    "$application" "$work/absent" "$@" &&
    fails_with "$name_: This appears to be a text file (decodebin cannot decode\
 plain text files)" "$application" "$root/README.md" "$@" &&
    fails_with "$name_: no picture in it" \
      "$application" "$work/sound.wav" "$@" &&
    fails_with "$name_: 0 <= start < stop expected, 3 and 2 found" \
      "$application" --start=3 --stop=2 "$sample" "$@" || return 1
  echo 'not a model' >"$work/bad.pth"
  export ALEXNET_MODEL="$work/bad.pth"
  "$application" "$sample" "$@"
  same 1 $? && same 1 "$(grep -c . "$work/errors")" &&
    grep "^$name_: $work/bad.pth: " "$work/errors" || return 1
  unset ALEXNET_MODEL
  (
    export GST_PLUGIN_PATH="$work"
    "$application" "$sample" "$@"
    same 1 $? && grep "^$name_: .*no element \"alexnetclassify\"" "$work/errors"
  )
}

past_the_end () {
  fails_with 'watch: no frame was classified' watch --start=20 "$sample" &&
    fails_with 'timeline.py: it is over after 10 s' \
      timeline --start=20 "$sample" "$work/none.png" &&
    [ ! -e "$work/none.png" ]
}

# There is nobody who sends, and so no network.
live () {
  fails_with 'watch: cannot seek in this stream' \
    watch --start=2 udp://127.0.0.1:0 &&
    fails_with 'watch: cannot seek in this stream' \
      watch --stop=2 udp://127.0.0.1:0 &&
    fails_with 'timeline.py: nobody knows how long it is; take a file' \
      timeline udp://127.0.0.1:0 "$work/none.png"
}

# lanes START STOP: writes to $work/found, of each colour of a lane, from when
# to when there are bars, in seconds, and how many lanes stand below. The time
# axis is the row with most ink.
lanes () {
  /usr/bin/python3 - "$work/plot.png" "$1" "$2" <<'PYTHON' >"$work/found"
import sys
import numpy as np
from matplotlib import colormaps
from PIL import Image

path, start, stop = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
plot = np.asarray(Image.open(path).convert('RGB')).astype(int)
dark = abs(plot - 0x22).sum(axis=2) < 24
row = dark.sum(axis=1).argmax()
axis = np.flatnonzero(dark[row])
left, width = axis[0], axis[-1] - axis[0]
for colour in colormaps['tab10'].colors:
    same = abs(plot - np.round(np.array(colour) * 255)).sum(axis=2) < 6
    columns = np.flatnonzero(same[:row].sum(axis=0) > 20)
    if len(columns):
        times = (columns[[0, -1]] - left) / width * (stop - start) + start
        height = np.flatnonzero(same.sum(axis=1) > 20).mean()
        print(f'{times[0]:.1f}-{times[1]:.1f}', round((row - height) / 50.4))
PYTHON
}

plot () {
  timeline "$sample" "$work/plot.png" &&
    same "$work/plot.png: 250 frames, 10 messages" "$(cat "$work/out")" &&
    lanes 0 10 &&
    same "$(for i in 0 1 2 3 4 5 6 7 8 9; do
      echo "$i.0-$((i + 1)).0 $((9 - i))"; done)" "$(cat "$work/found")"
}

plot_part () {
  timeline --start=2.52 --stop=4.52 "$sample" "$work/plot.png" &&
    same "$work/plot.png: 50 frames, 3 messages" "$(cat "$work/out")" &&
    lanes 2.52 4.52 &&
    same "$(printf '2.5-3.0 2\n3.0-4.0 1\n4.0-4.5 0\n')" "$(cat "$work/found")"
}

# Told before anything is played: of this source nothing would come.
no_plot () {
  mkdir "$work/folder.png" &&
    fails_with "timeline.py: cannot write $work/absent/plot.png: No such file\
 or directory" timeline udp://127.0.0.1:0 "$work/absent/plot.png" &&
    fails_with "timeline.py: cannot write $work/folder.png: Is a directory" \
      timeline udp://127.0.0.1:0 "$work/folder.png" &&
    timeline "$sample" "$work/plot.bogus"
  same 1 $? && same 1 "$(grep -c . "$work/errors")" &&
    grep "^timeline.py: $work/plot.bogus ends with .bogus, expected .*, .png," \
      "$work/errors" && [ ! -e "$work/plot.bogus" ] || return 1
  fails_with 'timeline.py: nobody knows how long it is; take a file' \
    timeline udp://127.0.0.1:0 "$work/new.png" && [ ! -e "$work/new.png" ]
}

sh "$root/pipelines/install-packages.sh" plot >"$work/log" 2>&1 ||
  skip_all "$(tail -n 1 "$work/log")"
check 'watch' whole_clip
check 'watch: compiled by hand' by_hand
check_with alexnet-inspect 'watch: control characters in labels' \
  control_characters
unset program
check 'colons in the name of a file' colons
check 'watch: -- and a dash' dashes
check 'watch: seeking' seek
check 'watch: Ctrl-C' interrupted
check 'watch: Ctrl-C at once' interrupted_early
check_with alexnet-inspect 'watch: letters' letters
check 'watch: bad input' bad_input watch watch
check 'timeline.py' plot
check 'timeline.py: seeking' plot_part
check 'timeline.py: no plot' no_plot
check 'timeline.py: bad input' bad_input timeline.py timeline "$work/plot.png"
check 'past the end' past_the_end
check 'standard output is a full disk' lost_all
check 'a live source' live
done_testing
