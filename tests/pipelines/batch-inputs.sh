#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What alexnet-batch makes of inputs of every kind. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/batch-tap.sh"

# What only says that it is large: 30000x30000.
huge_png () {
  /usr/bin/python3 -c '
import struct, sys, zlib
sys.stdout.buffer.write(b"\x89PNG\r\n\x1a\n")
for kind, data in [(b"IHDR", struct.pack(">2I5B", 30000, 30000, 8, 2, 0, 0, 0)),
                   (b"IDAT", zlib.compress(bytes(9))), (b"IEND", b"")]:
    sys.stdout.buffer.write(struct.pack(">I", len(data)) + kind + data +
                            struct.pack(">I", zlib.crc32(kind + data)))'
}

make_bad_inputs () {
  mkdir "$work/bad" && huge_png >"$work/bad/huge.png" &&
    cp "$photo" "$work/bad/good.jpg" &&
    head -c 40000 "$sample" >"$work/bad/cut.webm" &&
    gst-launch-1.0 -q videotestsrc num-buffers=1 \
      ! video/x-raw,width=20000,height=2 ! pngenc \
      ! filesink location="$work/bad/wide.png" &&
    head -c 900 "$photo" >"$work/bad/cut.jpg" &&
    : >"$work/bad/empty.mp4" && mkfifo "$work/bad/pipe.mp4" &&
    cp "$root/README.md" "$work/bad/text.mp4" &&
    gst-launch-1.0 -q audiotestsrc num-buffers=10 ! wavenc \
      ! filesink location="$work/bad/sound.mp4"
}

bad_inputs () {
  results=bad-results
  make_bad_inputs && ends_with 65 -j 3 "$work/bad" "$work/absent.mp4" &&
    same "absent.mp4 open: no file $work/absent.mp4
cut.jpg decode: the picture is cut short
empty.mp4 open: the file is empty
huge.png decode: more pixels in a row or column than alexnetclassify takes
pipe.mp4 open: no regular file $work/bad/pipe.mp4
sound.mp4 decode: no picture in it
text.mp4 decode: This appears to be a text file (decodebin cannot decode plain\
 text files)
wide.png decode: more pixels in a row or column than alexnetclassify takes" \
      "$(failures)" &&
    same 2 "$(find "$work/bad-results" -name '*.done' | wc -l)" &&
    same 'ends after 5.600 s of 10.000' "$(jq -r '.warnings[]' \
      "$(of cut.webm done)")" &&
    grep '^10 of 10 inputs, 8 failed, .* 1 with warnings' "$work/errors"
}

bad_again () {
  results=bad-results
  ends_with 65 "$work/bad" "$work/absent.mp4" && same 8 "$(failures | wc -l)" &&
    cp "$sample" "$work/absent.mp4" &&
    ends_with 0 --dry-run --retry-failed "$work/bad/empty.mp4" &&
    same to "$(cut -d ' ' -f 1 "$work/out")" &&
    ends_with 65 --retry-failed "$work/absent.mp4" "$work/bad/empty.mp4" &&
    same "$classes" "$(best "$(of absent.mp4 jsonl)")" &&
    same 9 "$(failures | wc -l)" && ! of absent.mp4 failed &&
    ends_with 0 "$work/absent.mp4" "$work/bad/good.jpg"
}

# What a setting and this input cannot have together is not tried again.
no_place () {
  results=no-place
  ends_with 65 --set 'regions=door:0,0,640,480' "$photo" &&
    same "orientation-6.jpg infer: region \"door\" reaches to 640,480; expected\
 pixels of frames of 160x96" "$(failures)" &&
    same 1 "$(field attempts "$work/no-place/failures.jsonl")" &&
    of orientation-6.jpg failed
}

# What was right and is not any more has no result any more.
went_bad () {
  results=went
  cp "$photo" "$work/went.jpg" && ends_with 0 "$work/went.jpg" &&
    : >"$work/went.jpg" && ends_with 65 "$work/went.jpg" &&
    ! of went.jpg jsonl && ! of went.jpg done && of went.jpg failed
}

odd_uris () {
  results=odd
  mkdir "$work/many" && for i in 1 2 3; do
    cp "$photo" "$work/many/$i.jpg" || return 1
  done
  ends_with 75 --attempts 1 "file://localhost$work/many/1.jpg" \
    "FILE://$work/many/2.jpg" "file:///a%00b.jpg" \
    "$(printf 'http://127.0.0.1:9/\377.jpg')" "$work/many/3.jpg" &&
    of 1.jpg done && of 2.jpg done && of 3.jpg done &&
    same '%FF.jpg a%00b.jpg' "$(failures | cut -d ' ' -f 1 | xargs)"
}

# What names no server is not tried again; nobody listens on the last one's port.
no_server () {
  results=server
  for uri in 'http://[::1' http:// 'http://a b/c.mp4' rtsp://host:port/x \
    http://localhost:99999/x.mp4 https:///x.mp4; do
    ends_with 65 "$uri" || return 1
  done
  same '1 false' "$(jq -r '"\(.attempts) \(.passing)"' \
    "$work/server/failures.jsonl" | uniq)" &&
    ends_with 75 --attempts 1 HTTP://localhost:9/x.mp4
}

# as_nobody COMMAND...: root reads everything.
as_nobody () {
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
  else
    "$@"
  fi
}

# What cannot be read is done when it can be.
unreadable () {
  results=unreadable$1
  mkdir -p "$work/shut/locked" "$work/$results" &&
    cp "$work/many/1.jpg" "$work/many/2.jpg" "$work/shut" &&
    cp "$work/many/3.jpg" "$work/shut/locked" &&
    chmod 755 "$work" && chmod 777 "$work/$results" &&
    chmod 0 "$work/shut/locked" "$work/shut/1.jpg" || return 1
  as_nobody "$root/pipelines/batch/alexnet-batch" -o "$work/$results" \
    "$1" "$work/shut" 2>&1
  same 65 $? && same "1.jpg open: Permission denied
locked open: Permission denied" "$(failures)" && of 2.jpg done &&
    chmod 755 "$work/shut/locked" && chmod 644 "$work/shut/1.jpg" &&
    ends_with 0 "$1" "$work/shut" && of 1.jpg done && of 3.jpg done
}

# Names that are no UTF-8: of inputs, in a list too, whatever the locale says of
# standard input, and of results, which GStreamer cannot write there.
odd_names () {
  results=odd-names
  odd=$work/$(printf 'na\357ve')
  mkdir "$odd" && cp "$photo" "$odd/$(printf '\344.jpg')" &&
    find "$odd" -type f >"$work/list" || return 1
  (
    export PYTHONIOENCODING=utf-8:strict
    ends_with 0 -l - <"$work/list" && ends_with 0 --dry-run "$odd" &&
      same "done  file://$work/na%EFve/%E4.jpg" "$(cat "$work/out")" &&
      ends_with 65 "$odd/none.jpg" &&
      same "none.jpg open: no file $work/na\\xefve/none.jpg" "$(failures)" &&
      ends_with 2 -l "$odd/none" && same "alexnet-batch: cannot read\
 $work/na\\xefve/none: No such file or directory" "$(tail -n 1 "$work/errors")"
  ) && results=$(printf 'o\344') &&
    ends_with 2 "$photo" && grep "xe4' is no name in UTF-8" "$work/errors"
}

# planned: names of what would be done.
planned () {
  sed 's,.*/,,' "$work/out" | xargs
}

# Through no link, of which these lead in circles.
patterns () {
  results=patterns
  mkdir -p "$work/tree/a b/c" && ln -s .. "$work/tree/a b/up" &&
    ln -s . "$work/tree/self" && cp "$photo" "$work/tree/1.jpg" &&
    cp "$photo" "$work/tree/a b/2.jpg" && cp "$photo" "$work/tree/a b/c/3.jpg" &&
    ends_with 0 --dry-run "$work/tree/**/*.jpg" "$work/tree/**" \
      "$work/**/c/*.jpg" && same '1.jpg 2.jpg 3.jpg 1.jpg 2.jpg 3.jpg 3.jpg' \
      "$(planned)"
}

# Of files in a directory.
endings () {
  results=endings
  mkdir "$work/endings" && touch "$work/endings/notes.txt" &&
    ends_with 66 "$work/endings" &&
    grep '^alexnet-batch: there is no video or picture$' "$work/errors" ||
    return 1
  set -- 3gp h264 h265 m2ts MJPEG mkv MTS mxf ts vob webp y4m
  for ending; do
    touch "$work/endings/clip.$ending" || return 1
  done
  ends_with 0 --dry-run "$work/endings" && same $# "$(planned | wc -w)"
}

# facts NAME: frames, classified ones and warnings of the input's marker.
facts () {
  jq -r '"\(.frames) \(.inferred) \(.warnings | join("; "))"' "$(of "$1" done)"
}

# A camera's second picture makes no video of the first one.
two_jpegs () {
  results=two
  gst-launch-1.0 -q videotestsrc num-buffers=2 \
    ! video/x-raw,width=96,height=72 ! jpegenc \
    ! multifilesink location="$work/frame-%d.jpg" &&
    {
      printf '\377\330\377\342\0\006MPF\0'
      tail -c +3 "$work/frame-0.jpg"
      cat "$work/frame-1.jpg"
    } >"$work/two.jpg" &&
    ends_with 0 "$work/two.jpg" "$work/frame-1.jpg" &&
    same '1 1 ' "$(facts two.jpg)" && same '1 1 ' "$(facts frame-1.jpg)"
}

# raw FACTS NAME ENCODER: of 6 s, a frame in each, into a file without container.
raw () {
  results=raw
  gst-launch-1.0 -q videotestsrc num-buffers=60 \
    ! video/x-raw,format=I420,width=96,height=72,framerate=10/1 \
    ! videoconvert ! "$3" \
    ! filesink location="$work/$2" &&
    ends_with 0 --sample-every 1s "$work/$2" && same "$1" "$(facts "$2")"
}

# check_raw FACTS NAME ELEMENT...: encoder and what reads it.
check_raw () {
  facts=$1
  file=$2
  shift 2
  for element; do
    gst-inspect-1.0 --exists "$element" || {
      skip "raw stream $file" "there is no $element"
      return
    }
  done
  check "raw stream $file" raw "$facts" "$file" "$1"
}

# What one of many meets now and then.
many_raw () {
  results=many-raw-results
  mkdir "$work/many-raw" || return 1
  for i in $(seq 40); do
    cp "$work/yuv.y4m" "$work/many-raw/$i.y4m" || return 1
  done
  ends_with 0 --attempts 1 --sample-every 1s "$work/many-raw"
}

# Of formats that can have more than is classified, those that are known here:
# newer GdkPixbufs take a PNG that moves for nothing.
make_partial () {
  mkdir "$work/partial" && /usr/bin/python3 - "$work/partial" <<'END' || return 1
import sys
from PIL import Image
first, *rest = [Image.new('RGB', (48, 40), colour)
                for colour in ('red', 'green', 'blue')]
for kind in 'gif', 'png', 'tiff', 'webp':
    first.save(f'{sys.argv[1]}/one.{kind}')
    first.save(f'{sys.argv[1]}/more.{kind}', save_all=True, append_images=rest)
END
  for file in "$work"/partial/*; do
    "$BUILD/engine/tools/alexnet-inspect" classify "$file" || rm "$file"
  done
}

# left_out KIND WARNING: by the second file of it, and nothing by the first.
left_out () {
  same '1 1 ' "$(facts "one.$1")" && same "1 1 $2" "$(facts "more.$1")"
}

partial () {
  results=partial-results
  moves='first frame only: the picture moves'
  make_partial && ends_with 0 "$work/partial" && left_out gif "$moves" &&
    left_out tiff 'first page only: there are more' || return 1
  for kind in png webp; do
    [ ! -e "$work/partial/more.$kind" ] || left_out $kind "$moves" || return 1
  done
}

# By which a source that says nothing more is known: one that plays, and one
# whose stream has ended.
at_rest () {
  /usr/bin/python3 - "$root/pipelines/batch" <<'PYTHON'
import sys
import time

sys.path.insert(0, sys.argv[1])
from alexnet_batch import pipeline

pipeline.init()
Gst = pipeline.Gst
for n, expected in (-1, False), (1, True):
    source = Gst.parse_launch(f'fakesrc num-buffers={n} ! fakesink')
    assert not pipeline.is_at_rest(source)
    source.set_state(Gst.State.PLAYING)
    until = time.monotonic() + 10
    while pipeline.is_at_rest(source) != expected or \
            source.get_state(0)[1] != Gst.State.PLAYING:
        assert time.monotonic() < until, n
        time.sleep(0.01)
    source.set_state(Gst.State.NULL)
PYTHON
}

check 'a source at rest' at_rest
check 'bad inputs' bad_inputs
check 'bad inputs again' bad_again
check 'a region that an input has no place for' no_place
check 'a good input became bad' went_bad
check 'odd URIs' odd_uris
check 'URIs without a server' no_server
check 'names that are no UTF-8' odd_names
check 'patterns' patterns
check 'endings' endings
check 'unreadable' unreadable --progress=none
check 'unreadable, --hash' unreadable --hash
check "a camera's two pictures" two_jpegs
untimed='frames have no times; taken for 25 a second'
check_raw "60 3 $untimed" jpeg.mjpeg jpegenc
check_raw "60 3 $untimed" png.mpng pngenc
check_raw "60 3 $untimed" raw.h264 openh264enc h264parse
check_raw '60 6 ' timed.h264 x264enc h264parse
check_raw '60 6 ' yuv.y4m y4menc y4mdec
[ ! -f "$work/yuv.y4m" ] || check 'many raw streams' many_raw
check_with alexnet-inspect 'pictures of more than one' partial
done_testing
