#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pipelines/classify.sh as a user calls it. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"

unset ALEXNET_MODEL ALEXNET_DATA_DIR MODEL LABELS BACKEND PRECISION TOP_K
export BUILD XDG_DATA_HOME="$work"

classify () {
  sh "$root/pipelines/classify.sh" "$@"
}

# Lines of results: time, labels.
results () {
  grep -E '^ +[0-9]+:[0-9.]+|^ +- '
}

first_labels () {
  results | sed 's/^ *[0-9:.-]* *//; s/ [0-9.]* %.*//' | xargs
}

sample_clip () {
  out=$(classify) || return 1
  echo "$out"
  same "$classes" "$(echo "$out" | first_labels)" &&
    same '0:00.000 0:01.000 0:02.000' \
      "$(echo "$out" | results | head -n 3 | awk '{ print $1 }' | xargs)" &&
    echo "$out" |
    grep -qE '^250 frames, [0-9.]+ frames a second, backend (cpu|reference)$'
}

# The line that it shows, run again by a shell.
shown_line () {
  line=$(classify | sed -n 's/^\$ //p')
  sh -c "$line" | grep -c 'alexnet-classification' >"$work/count"
  same 250 "$(cat "$work/count")"
}

images () {
  for encoder in pngenc jpegenc; do
    image="$work/it's a $encoder"
    first_frame $encoder "$sample" "$image" || return 1
    out=$(classify "$image") || return 1
    same airplane "$(echo "$out" | first_labels)" &&
      echo "$out" | grep -q '^1 frame, backend ' || return 1
  done
}

uri () {
  out=$(classify "file://$sample") || return 1
  same "$classes" "$(echo "$out" | first_labels)"
}

several () {
  out=$(classify "$work/it's a pngenc" "$work/it's a jpegenc") || return 1
  same 'airplane airplane' "$(echo "$out" | first_labels)"
}

missing_file () {
  out=$(classify "$work/absent.mp4" "$work/it's a pngenc" 2>"$work/errors")
  same 1 $? &&
    same "classify.sh: no file $work/absent.mp4, or not allowed to read it" \
      "$(cat "$work/errors")" &&
    same airplane "$(echo "$out" | first_labels)"
}

no_picture () {
  gst-launch-1.0 -q audiotestsrc num-buffers=10 ! wavenc \
    ! filesink location="$work/sound.wav" || return 1
  out=$(classify "$work/sound.wav" 2>&1)
  same 1 $?
}

bad_model () {
  echo 'not a model' >"$work/bad.pth"
  out=$(MODEL=$work/bad.pth classify 2>&1)
  same 1 $? && echo "$out" | grep "$work/bad.pth"
}

reference_backend () {
  out=$(BACKEND=reference classify "$work/it's a pngenc") || return 1
  same airplane "$(echo "$out" | first_labels)" &&
    echo "$out" | grep -x '1 frame, backend reference'
}

unknown_backend () {
  out=$(BACKEND=abacus classify "$work/it's a pngenc" 2>&1)
  same 1 $? && echo "$out" | grep abacus
}

unknown_precision () {
  out=$(PRECISION=half classify "$work/it's a pngenc" 2>&1)
  same 1 $? && echo "$out" | grep half
}

top_k () {
  out=$(TOP_K=10 classify "$work/it's a pngenc") || return 1
  same 10 "$(echo "$out" | results | grep -o '%' | grep -c .)"
}

own_labels () {
  for label in a b c d e f g h i j; do
    echo "thing $label"
  done >"$work/labels.txt"
  out=$(LABELS=$work/labels.txt classify "$work/it's a pngenc") || return 1
  same 'thing a' "$(echo "$out" | first_labels)"
}

control_characters () {
  for label in a b c d e f g h i j; do
    printf 'thing\033[31m\t%s\n' $label
  done >"$work/labels.txt"
  out=$(LABELS=$work/labels.txt classify "$work/it's a pngenc") || return 1
  same 'thing?[31m?a' "$(echo "$out" | grep -o 'thing[^ ]*' | head -n 1)"
}

wrong_labels () {
  echo alone >"$work/labels.txt"
  out=$(LABELS=$work/labels.txt classify "$work/it's a pngenc" 2>&1)
  same 1 $? && echo "$out" | grep -E '\b10\b' | grep -E '\b1\b'
}

own_model () {
  mkdir "$work/alexnet"
  mv "$work/bad.pth" "$work/alexnet/mine.pth"
  out=$(classify "$work/it's a pngenc" 2>&1)
  same 0 $? && echo "$out" | grep "$work/alexnet/mine.pth" || return 1
  rm -r "$work/alexnet"
}

# Frames in the middle of the file become noise; the end must still come. Not
# with jpegparse, which loses all that follows the noise.
corrupt_frames () {
  file=$work/corrupt.avi
  gst-launch-1.0 -q filesrc location="$sample" ! decodebin ! videoconvert \
    ! jpegenc ! avimux ! filesink location="$file" || return 1
  size=$(wc -c <"$file")
  head -c 20000 "$sample" | dd of="$file" bs=1 seek=$((size / 2)) \
    conv=notrunc 2>&1 || return 1
  out=$(GST_PLUGIN_FEATURE_RANK=jpegparse:NONE classify "$file") || return 1
  echo "$out"
  same truck "$(echo "$out" | first_labels | grep -o '[a-z]*$')"
}

# decode ELEMENT FILE: through it, as a decoder lays its pictures out that was
# told nothing of GstVideoMeta.
decode () {
  ALEXNET_DATA_DIR=$root/pipelines/models GST_PLUGIN_PATH=$BUILD/gst \
    gst-launch-1.0 -q filesrc location="$sample" ! matroskademux ! avdec_vp8 ! \
    "$1" ! filesink location="$work/$2"
}

raw_video () {
  decode identity plain && decode alexnetclassify through &&
    cmp "$work/plain" "$work/through"
}

check 'the sample clip' sample_clip
check 'raw video in a file, as without the element' raw_video
check 'the line shown does the same' shown_line
check 'PNG and JPEG, names with blanks and quotes' images
check 'a URI' uri
check 'several files' several
check 'a missing file' missing_file
check 'a file without a picture' no_picture
check 'a model file that is none' bad_model
check 'BACKEND=reference' reference_backend
check 'an unknown backend' unknown_backend
check 'an unknown precision' unknown_precision
check 'TOP_K' top_k
check 'LABELS' own_labels
check 'control characters in LABELS' control_characters
check 'LABELS of another length' wrong_labels
check "a model in the user's data directory" own_model
check 'corrupt frames' corrupt_frames
start=$(date +%s%N)
classify "$work/it's a pngenc" >/dev/null
echo "# one image, all built: $((($(date +%s%N) - start) / 1000000)) ms"
done_testing
