#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# alexnet-batch report as a user runs it. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"

/usr/bin/python3 -c 'import jinja2, matplotlib' 2>/dev/null ||
  skip_all 'no python3-jinja2 or python3-matplotlib'
command=$root/pipelines/batch/alexnet-batch
use_build

# report STATUS ARGUMENT...
report () {
  expected=$1
  shift
  exits "$expected" "$command" report "$@"
}

# refused STATUS TEXT ARGUMENT...: by report.
refused () {
  expected=$1
  text="alexnet-batch: $2"
  shift 2
  report "$expected" "$@" && same "$text" "$(cat "$work/errors")"
}

# shows TEXT: somewhere on the page, as HTML has it.
shows () {
  grep -qF -- "$1" "$work/page.html" || {
    echo "the page lacks $1"
    return 1
  }
}

# Names and labels that are HTML, a video that is not there any more, a picture,
# what cannot be classified for good and what may be another time.
make_results () {
  mkdir "$work/in" &&
    cp "$sample" "$work/in/<script>alert(1)<&>.webm" &&
    cp "$sample" "$work/in/gone.webm" &&
    cp "$root/tests/data/pictures/orientation-6.jpg" "$work/in/turned.jpg" &&
    printf '%s\n' airplane automobile bird '<b>cat</b> & dog' deer '$x_1$ {{' \
      frog horse ship truck >"$work/labels" &&
    exits 75 "$command" -o "$work/results" --set labels-file="$work/labels" \
      --attempts 1 "$work/in" "$work/<i>none.mp4" \
      http://127.0.0.1:9/refused.webm &&
    rm "$work/in/gone.webm"
}

page () {
  make_results &&
    report 0 "$work/results" -o "$work/page.html" --title 'A & B' &&
    same "$work/page.html: 501 results of 3 inputs" "$(cat "$work/out")" &&
    shows '<h1>A &amp; B</h1>' &&
    shows '<h3>&lt;script&gt;alert(1)&lt;&amp;&gt;.webm</h3>' &&
    shows '&lt;b&gt;cat&lt;/b&gt; &amp; dog</button>' &&
    shows '$x_1$ {{</button>' &&
    shows '<td>no file' && shows '(may pass)' &&
    shows '<dd class="bad">2</dd>' && shows 'cpu' &&
    same 1 "$(grep -c '<script' "$work/page.html")" &&
    ! grep -E '(src|href)="?(https?:)?//' "$work/page.html"
}

# A name that is no UTF-8, whatever the locale says of standard output.
odd_name () {
  (
    export PYTHONIOENCODING=utf-8:strict
    report 0 "$work/results" --no-pictures -o "$work/$(printf '\344')" &&
      same "$work/\\xe4: 501 results of 3 inputs" "$(cat "$work/out")"
  )
}

browser () {
  mkdir "$work/chromium" &&
    /usr/bin/python3 "$root/tests/pipelines/drive-page.py" "$work/page.html" \
      "$work/chromium"
}

# What failed is done by now.
mended () {
  cp "$sample" "$work/<i>none.mp4" &&
    exits 0 "$command" -o "$work/results" --sample-every 1s \
      "$work/<i>none.mp4" &&
    report 0 "$work/results" -o "$work/page.html" &&
    shows '<dd class="bad">1</dd>' && shows 'refused.webm' &&
    ! shows '<td>no file' &&
    shows 'model 659de8f47637'
}

changed () {
  touch "$work/in/turned.jpg" &&
    report 0 "$work/results" -o "$work/page.html" &&
    shows 'No pictures: it has changed since.' &&
    report 0 --no-pictures "$work/results" -o "$work/page.html" &&
    ! shows 'data:image' && ! shows 'No pictures'
}

# What an older version wrote had fewer fields.
older () {
  mkdir -p "$work/older/00" &&
    head -n 3 "$work/results"/*/gone.webm-*.jsonl |
    jq -c '{stream_time, regions: [.regions[] | {classes}]}' \
      >"$work/older/00/a-000000000000.jsonl" &&
    echo '{"key":{"video":"file:///a"}}' \
      >"$work/older/00/a-000000000000.done" &&
    echo '{"uri":"file:///b"}' >"$work/older/failures.jsonl" &&
    report 0 "$work/older" -o "$work/page.html" &&
    shows '<h3>a</h3>' && shows 'airplane</button>' &&
    shows '<td>file:///b</td>'
}

# A line and a marker that were written half, a line of something else.
damaged () {
  cp -r "$work/results" "$work/damaged" &&
    cut=$(echo "$work/damaged"/*/gone.webm-*.jsonl) &&
    truncate -s -20 "$cut" && echo '[]' >>"$cut" &&
    marker=$(echo "$work/damaged"/*/turned.jpg-*.done) &&
    truncate -s 20 "$marker" &&
    echo '{"uri"' >>"$work/damaged/failures.jsonl" &&
    report 65 "$work/damaged" -o "$work/page.html" &&
    grep -xF "alexnet-batch: $cut: 1 of 250 lines are no results" \
      "$work/errors" &&
    grep -xF "alexnet-batch: $marker: no marker of alexnet-batch" \
      "$work/errors" &&
    grep 'failures.jsonl: 1 of [0-9]* lines are no failures' "$work/errors" &&
    shows '3 of the files of results are damaged' &&
    shows 'gone.webm' && ! shows 'turned.jpg'
}

few () {
  report 0 --videos 2 "$work/results" -o "$work/page.html" &&
    same 2 "$(grep -c '<article' "$work/page.html")" &&
    shows '2 of 4' && shows 'the others are only in the totals'
}

# The page that is there stays.
bad_input () {
  before=$(sha256sum "$work/page.html")
  mkdir "$work/empty"
  refused 66 "cannot read $work/absent: No such file or directory" \
    "$work/absent" -o "$work/page.html" &&
    refused 66 "cannot read $work/labels: Not a directory" \
      "$work/labels" -o "$work/page.html" &&
    refused 66 "$work/empty has no results of alexnet-batch" \
      "$work/empty" -o "$work/page.html" &&
    refused 2 "$work/empty is a directory, expected a file to write" \
      "$work/results" -o "$work/empty" &&
    mkfifo "$work/fifo" && ln -s fifo "$work/link" &&
    refused 2 \
      "$work/fifo is a device, FIFO or socket, expected a file to write" \
      "$work/results" -o "$work/link" &&
    [ -p "$work/fifo" ] && [ -L "$work/link" ] &&
    refused 2 "there is no directory $work/absent" \
      "$work/results" -o "$work/absent/page.html" &&
    same "$before" "$(sha256sum "$work/page.html")" &&
    same '' "$(find "$work" -name '*.partial')"
}

# begin_waiting: a report of a result that is a pipe, until it has begun to
# write.
begin_waiting () {
  "$command" report "$work/waits" -o "$work/one.html" --no-pictures &
  pid=$!
  until find "$work" -maxdepth 1 -name '.*.partial' | grep .; do
    kill -0 "$pid" || return 1
    sleep 0.1
  done
}

# Another one comes to its end meanwhile, under the same name.
two_at_once () {
  mkdir -p "$work/waits/00" &&
    mkfifo "$work/waits/00/a-000000000000.jsonl" &&
    echo '{"key":{"video":"file:///waits"}}' \
      >"$work/waits/00/a-000000000000.done" &&
    begin_waiting && report 0 "$work/older" -o "$work/one.html" &&
    grep -F '<h3>a</h3>' "$work/one.html" || return 1
  echo '{"stream_time":0,"regions":[{"classes":[{"label":"cat"}]}]}' \
    >"$work/waits/00/a-000000000000.jsonl"
  wait "$pid"
  same 0 $? && grep -F '<h3>waits</h3>' "$work/one.html" &&
    same '' "$(find "$work" -name '*.partial')"
}

ended () {
  begin_waiting || return 1
  kill "$pid"
  wait "$pid"
  same 75 $? && grep -F '<h3>waits</h3>' "$work/one.html" &&
    same '' "$(find "$work" -name '*.partial')"
}

not_installed () {
  mkdir "$work/without" &&
    echo "raise ImportError('no Jinja here')" >"$work/without/jinja2.py" &&
    (
      export PYTHONPATH="$work/without"
      refused 2 "report needs Jinja2, matplotlib and GStreamer's Python (no\
 Jinja here): sh pipelines/install-packages.sh batch report" \
        "$work/results" -o "$work/page.html"
    )
}

# Results of twenty times as many frames take as much memory.
memory () {
  /usr/bin/python3 - "$command" "$work" <<'END'
import json, os, pathlib, subprocess, sys

command, work = sys.argv[1], pathlib.Path(sys.argv[2])

def peak(n_videos, n_frames):
    folder = work / f'made-{n_videos}' / '00'
    folder.mkdir(parents=True)
    for i in range(n_videos):
        with open(folder / f'a-{i:012x}.jsonl', 'w') as file:
            for j in range(n_frames):
                classes = [{'label': f'class {j * k % 7}', 'class_id': k,
                            'confidence': 0.5} for k in range(1, 6)]
                file.write(json.dumps({
                    'stream_time': j * 40_000_000, 'duration': 40_000_000,
                    'regions': [{'classes': classes}]}) + '\n')
        (folder / f'a-{i:012x}.done').write_text(
            json.dumps({'key': {'video': f'file:///{i}'}}))
    child = subprocess.Popen([command, 'report', folder.parent, '-o',
                              work / 'made.html'])
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0
    return usage.ru_maxrss >> 10

small, large = peak(1, 2000), peak(4, 10000)
print(small, large)
sys.exit(large - small > 16)
END
}

check 'a page' page
check 'a name that is no UTF-8' odd_name
if command -v chromium chromedriver >/dev/null &&
  /usr/bin/python3 -c 'import selenium' 2>/dev/null; then
  check 'in a browser' browser
else
  skip 'in a browser' 'no chromium, chromium-driver or python3-selenium'
fi
check 'a failure that passed' mended
check 'a picture that changed' changed
check 'an older version' older
check 'damaged results' damaged
check 'not all videos' few
check 'bad input' bad_input
check 'two at once' two_at_once
check 'ended' ended
check 'Jinja2 is not installed' not_installed
check 'memory' memory
done_testing
