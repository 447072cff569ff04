#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The other scripts in pipelines/ as a user calls them. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/script.sh"

# As gst-launch-1.0 sometimes: after an error at the start, or when there was
# nothing to link, it waits until it is interrupted, in its main loop or later,
# where that kills it.
hung_launch () {
  mkdir "$work/bin"
  cat >"$work/bin/gst-launch-1.0" <<'EOF' && chmod +x "$work/bin/gst-launch-1.0"
#!/bin/sh
trap 'exit ${ENDS_WITH-0}' INT
[ "${1-}" = -q ] || [ -z "${UNLINKED-}" ] || cat <<'END'
WARNING: from element /GstPipeline:pipeline0/GstDecodeBin:decodebin0: Delayed linking failed.
Additional debug info:
gst/parse/grammar.y(950): gst_parse_no_more_pads (): /GstPipeline:pipeline0:
another reason
END
[ -n "${UNLINKED-}" ] || cat >&2 <<'END'
ERROR: from element /GstPipeline:pipeline0/GstFileSrc:filesrc0: It broke.
Additional debug info:
gstfilesrc.c(1): start (): /GstPipeline:pipeline0/GstFileSrc:filesrc0:
the reason
ERROR: pipeline doesn't want to preroll.
END
while :; do
  sleep 0.1
done
EOF
  (
    PATH=$work/bin:$PATH
    fails_with 'It broke. (the reason)' overlay.sh &&
      fails_with 'It broke. (the reason)' json.sh &&
      ENDS_WITH=130 fails_with 'It broke. (the reason)' json.sh &&
      export UNLINKED=yes &&
      fails_with 'Delayed linking failed. (another reason)' overlay.sh &&
      fails_with 'Delayed linking failed. (another reason)' json.sh
  )
}

# unlinked SCRIPT: of a sound it says that there was nothing to link. Now and
# then decodebin's error ends the pipeline before its warning comes, or stands
# among the warning's lines, whose reason then is lost.
unlinked () {
  for _ in 1 2 3 4 5; do
    (cd "$work/sound" && run "$1" a.wav)
    same 1 $? || return 1
    ! grep -E "^$1: Delayed linking failed\.( \(failed delayed .*\))?$" \
      "$work/errors" || return 0
  done
  return 1
}

sound () {
  mkdir "$work/sound" &&
    gst-launch-1.0 -q audiotestsrc num-buffers=10 ! wavenc \
      ! filesink location="$work/sound/a.wav" &&
    unlinked classify.sh && unlinked json.sh && unlinked mqtt.sh &&
    { ! built classificationoverlay || unlinked overlay.sh; }
}

files () {
  cp "$sample" "$work/it's a clip.webm"
  run files.sh "$sample" "$work/it's a clip.webm" && shows_line &&
    same "$classes" "$(first_labels ' 1-sample.webm ')" &&
    same "$classes" "$(first_labels ' 2-it_s_a_clip.webm ')" &&
    grep '^500 frames, ' "$work/out"
}

# Names that gst-launch-1.0 would take for more than a name.
odd_names () {
  mkdir "$work/odd"
  for name in 'a\b' 'a"b' "$(printf 'a\tb')" "$(printf 'a\nb')" 'a  b' '!'; do
    cp "$sample" "$work/odd/$name" &&
      run files.sh "$work/odd/$name" && same "$classes" "$(first_labels ' 1-')" ||
      return 1
  done
}

images () {
  run images.sh && shows_line &&
    same "$classes" "$(first_labels)" && same 10 "$(grep -c '^0[0-9].png ' \
      "$work/out")"
}

# The others are classified when one is no image.
bad_image () {
  mkdir "$work/images"
  for i in 0 1 2; do
    first_frame pngenc "$sample" "$work/images/$i.png" || return 1
  done
  first_frame jpegenc "$sample" "$work/images/a b.JPG" || return 1
  head -c 2000 "$work/images/1.png" >"$work/short" &&
    mv "$work/short" "$work/images/1.png"
  fails_with '1.png is cut short' images.sh "$work/images" &&
    same 'airplane' "$(first_labels '^0.png ')" &&
    same 'airplane' "$(first_labels '^2.png ')" &&
    same 'airplane' "$(first_labels '^a b.JPG ')"
}

# Every good picture has its line, turned upright and with its chroma, and each
# bad one a complaint with its name.
mixed_images () {
  pictures=$root/tests/data/pictures
  mkdir "$work/mix" && cp "$pictures"/*.jpg "$pictures"/*.png "$work/mix" &&
    head -c 4000 "$pictures/444.jpg" >"$work/mix/cut.jpg" &&
    head -c 4000 "$pictures/rgb.png" >"$work/mix/cut.png" &&
    echo text >"$work/mix/text.jpg" &&
    # A header and an end of a PNG, and between nothing that a decoder knows.
    { head -c 60 "$pictures/palette.png" && echo nonsense &&
      tail -c 12 "$pictures/palette.png"; } \
      >"$work/mix/nonsense.png" || return 1
  mkdir "$work/mix/directory.png" && ln -s nothing "$work/mix/link.jpg" ||
    return 1
  run images.sh "$work/mix"
  same 1 $? || return 1
  for file in directory.png link.jpg; do
    grep -qxF "images.sh: no file $work/mix/$file, or not allowed to read it" \
      "$work/errors" || return 1
  done
  for bad in 'cut.jpg is cut short' 'cut.png is cut short' \
    'no picture in text.jpg' 'no picture in nonsense.png'; do
    grep -qxF "images.sh: $bad" "$work/errors" || return 1
  done
  same 4 "$(grep -cE '(is cut short|no picture in .*)$' "$work/errors")" &&
    for file in "$pictures"/*.jpg "$pictures"/*.png; do
      label=$(basename "$file")
      grep "^$label  " "$work/out" >"$work/line" &&
        /usr/bin/python3 "$root/tests/pipelines/compare-pictures.py" \
          "$root/tests/data/golden/pictures.txt" "$label" <"$work/line" ||
        return 1
    done
}

no_images () {
  mkdir "$work/empty"
  fails_with "no .png, .jpg or .jpeg in $work/empty" images.sh "$work/empty" &&
    fails_with "no directory $work/absent" images.sh "$work/absent"
}

# It ends after 20 frames, of which a busy machine passes on some unclassified.
camera () {
  FRAMES=20 run camera.sh && shows_line &&
    grep -E '^([1-9]|1[0-9]|20) frames, ' "$work/out"
}

bad_camera () {
  DEVICE=/dev/null run camera.sh
  same 1 $? && grep "^camera.sh: .*'/dev/null'" "$work/errors" &&
    same 1 "$(grep -c . "$work/errors")"
}

# A machine that is busy receives late and skips frames, even all of a class, and
# a frame whose reference is missing may look like another; the classes begin in
# their order nevertheless.
rtsp () {
  run rtsp.sh && shows_line || return 1
  found=$(first_labels | xargs -n 1 | awk '!seen[$0]++' | xargs)
  same airplane "${found%% *}" &&
    same "$found" "$(for class in $classes; do
      case " $found " in *" $class "*) echo "$class" ;; esac
    done | xargs)"
}

rtsp_frames () {
  FRAMES=5 run rtsp.sh "$sample" && grep '^5 frames, ' "$work/out"
}

rtsp_bad_input () {
  fails_with "no file $work/absent, or not allowed to read it" \
    rtsp.sh "$work/absent" || return 1
  run rtsp.sh "$root/README.md"
  same 1 $? && same "rtsp-server.py: $root/README.md: This appears to be a text file" \
    "$(cat "$work/errors")"
}

# Who ends the script ends the server.
rtsp_ended () {
  timeout 3 sh "$root/pipelines/rtsp.sh"
  same 124 $? && no_leftovers
}

regions () {
  run regions.sh && shows_line &&
    same "$classes" "$(first_labels ' 0.00,0.00-0.50,1.00 ')" &&
    same airplane "$(first_labels ' 0.50,0.00-1.00,1.00 ')" &&
    grep '^500 regions, ' "$work/out"
}

own_regions () {
  REGIONS=bird:0.25,0.25,0.5,0.5 run regions.sh "$sample" &&
    grep ' 0.25,0.25-0.75,0.75 ' "$work/out" &&
    grep '^250 regions, ' "$work/out" || return 1
  export REGIONS=bird:1,2
  fails_with 'LABEL:X,Y,WIDTH,HEIGHT expected, bird:1,2 found' \
    regions.sh "$sample" || return 1
  unset REGIONS
}

named_regions () {
  export NAMED="left:0.0,0.0,0.5,1.0;dot:8,8,16,16"
  run regions.sh "$sample" && shows_line && grep '  left  ' "$work/out" &&
    grep '  dot  ' "$work/out" && grep '^500 regions, ' "$work/out" || return 1
  export NAMED=dot:8,8
  fails_with 'regions: region "dot" has 2 numbers; expected'\
' name:x,y,width,height' regions.sh "$sample" || return 1
  unset NAMED
}

# How much of the darkest corner, which is the panel's, differs: the picture's
# blue sky becomes nearly black there and stays elsewhere.
overlay_drawn () {
  first_frame pngenc "$1" "$work/a.png" &&
    first_frame pngenc "$sample" "$work/b.png" &&
    /usr/bin/python3 - "$work/a.png" "$work/b.png" <<'PYTHON'
import sys
from PIL import Image, ImageChops, ImageStat

ours, plain = (Image.open(path).convert('RGB') for path in sys.argv[1:])
difference = ImageChops.difference(ours, plain)
corner = ImageStat.Stat(difference.crop((10, 10, 110, 80))).mean
rest = ImageStat.Stat(difference.crop((0, 128, 256, 256))).mean
print(corner, rest)
assert sum(corner) > 150 and sum(rest) < 20
PYTHON
}

overlay () {
  (cd "$work" && run overlay.sh) && shows_line &&
    same "$classes" "$(first_labels)" &&
    overlay_drawn "$work/overlay.webm" &&
    gst-launch-1.0 -v filesrc location="$work/overlay.webm" ! decodebin \
      ! fakesink silent=false >"$work/frames" &&
    same 250 "$(grep -c 'last-message = chain' "$work/frames")"
}

overlay_onto_itself () {
  sum=$(cksum <"$work/overlay.webm")
  fails_with "$work/overlay.webm cannot be input and output" \
    overlay.sh "$work/overlay.webm" "$work/overlay.webm" &&
    same "$sum" "$(cksum <"$work/overlay.webm")"
}

json () {
  run json.sh && shows_line && same "$classes" "$(first_labels)" &&
    same 250 "$(grep -cE '^[0-9.]+.[a-z]+.[0-9]+ %$' "$work/out")"
}

json_filter () {
  FILTER=.frame_number run json.sh && grep -v '^[$]' "$work/out" >"$work/found"
  same "$(seq 0 249)" "$(cat "$work/found")" || return 1
  FILTER='}' run json.sh
  same 1 $?
}

# told N: runs the N-th line that was shown with a $.
told () {
  sed -n 's/^[$] //p' "$work/out" | sed -n "$1p" >"$work/told"
  sh "$work/told"
}

# What learn.sh shows can be typed, with the demonstration model for a trained
# one.
learn () (
  mkdir "$work/learn" && cd "$work/learn" || return 1
  WHEN=first+change run learn.sh "$sample" "my pictures" && shows_line &&
    same 10 "$(grep -c . 'my pictures/examples.jsonl')" || return 1
  cp "$root/pipelines/models/alexnet-cifar10.safetensors" trained.pth
  told 2 && same "$classes" "$(ls 'my pictures/labelled' | xargs)" &&
    told 3 && told 4 && told 5 && told 6 >"$work/classified" &&
    grep -q truck "$work/classified"
)

# ImageFolder numbers classes as Python sorts them, in whatever language.
learn_sorted () (
  cd "$work/learn" && mkdir 'my pictures/labelled/Zebra' || return 1
  LOCPATH=$work LC_ALL=de_DE.UTF-8 told 3 &&
    same "Zebra $classes" "$(xargs <labels.txt)"
)

# Of a slow machine's examples any may be missing, but not the first ones.
learn_of_regions () (
  cd "$work" || return 1
  REGIONS='left:0.0,0.0,0.5,1.0;right:0.5,0.0,0.5,1.0' WHEN=first \
    run learn.sh "$sample" regions &&
    same 2 "$(ls regions | grep -c '[.]jpg$')" &&
    grep -q '"region_name":"left"' regions/examples.jsonl &&
    grep -q '"region_name":"right"' regions/examples.jsonl
)

learn_of_none () (
  cd "$work" || return 1
  WHEN=uncertain THRESHOLD=0 run learn.sh "$sample" none &&
    same 'No picture was saved: WHEN and THRESHOLD say which are' \
      "$(tail -n 1 "$work/out")"
)

learn_of_few () (
  cd "$work" || return 1
  THRESHOLD=1 LIMIT=7 run learn.sh "$sample" few &&
    same 7 "$(ls few | grep -c '[.]jpg$')"
)

learn_of_camera () (
  cd "$work" || return 1
  WHEN=first FRAMES=5 run learn.sh camera live &&
    same 1 "$(grep -c . live/examples.jsonl)"
)

learn_bad_input () (
  cd "$work" && bad_input learn.sh
)

# The pipeline with a decoder for any processor, and what is said without one.
gpu_decode () {
  if gst-inspect-1.0 nvh264dec >/dev/null 2>&1; then
    run gpu-decode.sh && shows_line && same "$classes" "$(first_labels)"
    return
  fi
  run gpu-decode.sh
  same 77 $? && same "gpu-decode.sh: no nvh264dec here: it needs an NVIDIA GPU,\
 its driver and libnvcuvid.so.1" "$(cat "$work/errors")" || return 1
  DECODER=avdec_h264 run gpu-decode.sh && shows_line &&
    same "$classes" "$(first_labels)"
}

# Each script says in one sentence what it does, and README names it.
described () {
  for path in "$root"/pipelines/*.sh; do
    file=$(basename "$path")
    case $file in lib.sh | help.sh | install-packages.sh) continue ;; esac
    sed -n 4p "$path" | grep -E '^# [A-Z].*[:,]$' &&
      grep -F "pipelines/$file" "$root/README.md" || {
      echo "$file: no sentence on top, or not in README.md"
      return 1
    }
  done
}

# Each prints the lines on top of it, and they say how it is called.
asked_for_help () {
  for path in "$root"/pipelines/*.sh "$root"/pipelines/batch/*.sh \
    "$root/pipelines/media/make-overlay.sh" "$root/tests/run.sh" \
    "$root/tests/container.sh" "$root/tests/cross.sh" "$root/tests/debian.sh"; do
    file=${path#"$root/"}
    case $file in */lib.sh | */help.sh) continue ;; esac
    run "../$file" --help && same '' "$(cat "$work/errors")" &&
      grep -E "(^ +|: )(sh|sbatch .*) $file" "$work/out" || return 1
    sed -n 's/^# \{0,1\}//p' "$path" >"$work/lines"
    same '' "$(grep -vxFf "$work/lines" "$work/out")" || return 1
  done
}

# misused TEXT SCRIPT ARGUMENT...
misused () {
  text=$1
  shift
  run "$@"
  same 2 $? &&
    same "$1: $text; see $root/pipelines/$1 --help" "$(cat "$work/errors")"
}

misused_all () {
  misused 'there is no option --rate' files.sh --rate &&
    misused 'unexpected argument b' json.sh a b &&
    misused 'unexpected argument a' camera.sh a b &&
    misused 'unexpected argument b' state.sh --mqtt host a b &&
    misused '--mqtt wants HOST or HOST:PORT of a broker' state.sh --mqtt &&
    fails_with 'no file -x, or not allowed to read it' json.sh -- -x &&
    takes=0 misused 'there is no option --rate' files.sh --rate &&
    takes=0 fails_with 'no file x, or not allowed to read it' files.sh x y
}

# In the user's language.
language () {
  LANG=de_DE.UTF-8 LANGUAGE=de run images.sh && grep '^10 frames, ' "$work/out"
}

sh "$root/pipelines/install-packages.sh" run build full rtsp regions mqtt gpu json \
  >"$work/log" 2>&1 || skip_all "$(tail -n 1 "$work/log")"
check 'files.sh' files
check 'files.sh: odd names' odd_names
check 'files.sh: bad input' bad_input files.sh
check 'images.sh' images
check 'images.sh: one is no image' bad_image
check 'images.sh: good and bad ones' mixed_images
check 'images.sh: none' no_images
check 'camera.sh' camera
check 'camera.sh: no camera' bad_camera
check 'rtsp.sh' rtsp
check 'rtsp.sh: FRAMES' rtsp_frames
check 'rtsp.sh: bad input' rtsp_bad_input
check 'rtsp.sh: ended' rtsp_ended
check 'regions.sh' regions
check 'regions.sh: REGIONS' own_regions
check 'regions.sh: NAMED' named_regions
check_with classificationoverlay 'overlay.sh' overlay
check 'a launch that hangs' hung_launch
check 'sound alone' sound
check_with classificationoverlay 'overlay.sh: onto itself' overlay_onto_itself
check_with classificationoverlay 'overlay.sh: bad input' bad_input overlay.sh
check 'json.sh' json
check 'json.sh: FILTER' json_filter
check 'json.sh: bad input' bad_input json.sh
check_with alexnet-inspect 'learn.sh' learn
if localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" 2>"$work/errors"; then
  check_with alexnet-inspect 'learn.sh: sorted' learn_sorted
else
  skip 'learn.sh: sorted' 'no such locale can be made'
fi
check 'learn.sh: REGIONS' learn_of_regions
check 'learn.sh: LIMIT' learn_of_few
check 'learn.sh: none' learn_of_none
check 'learn.sh: a camera' learn_of_camera
check 'learn.sh: bad input' learn_bad_input
check 'gpu-decode.sh' gpu_decode
check 'another language' language
check 'sentences' described
check '--help' asked_for_help
check 'wrong lines' misused_all
check 'no leftovers' no_leftovers
done_testing
