#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Pictures in the formats that people have are what Pillow reads in them, for
# alexnet-inspect and in a pipeline. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"

data=$root/tests/data
inspect=$BUILD/engine/tools/alexnet-inspect
unset ALEXNET_MODEL
mkdir "$work/home"
export BUILD XDG_DATA_HOME="$work/home" ALEXNET_DATA_DIR="$root/pipelines/models"

# like_pillow PICTURE COMMAND...
like_pillow () {
  picture=$1
  shift
  timeout -k 5 60 "$@" >"$work/out" 2>"$work/errors" || {
    cat "$work/out" "$work/errors"
    return 1
  }
  /usr/bin/python3 "$root/tests/pipelines/compare-pictures.py" \
    "$data/golden/pictures.txt" "$picture" <"$work/out"
}

# A URI is read as its file is.
uris () {
  for label in 444.jpg orientation-6.jpg rgb-16.png; do
    check "classify.sh: URI of $label" like_pillow "$label" \
      env PRECISION=fp32 TOP_K=10 sh "$root/pipelines/classify.sh" \
      "file://$data/pictures/$label"
  done
}

# A GIF and a WebP of which the second half is missing, for all that read them.
cut_others () {
  mkdir "$work/cut"
  for file in palette.gif lossy.webp orientation-8.webp; do
    head -c 2000 "$data/pictures/$file" >"$work/cut/$file"
    exits 1 "$inspect" classify "$work/cut/$file" && [ ! -s "$work/out" ] &&
      grep -q "^alexnet-inspect: $work/cut/$file: " "$work/errors" &&
      exits 1 sh "$root/pipelines/classify.sh" "$work/cut/$file" &&
      same "classify.sh: $work/cut/$file is cut short" "$(cat "$work/errors")" ||
      return 1
  done
  exits 65 env GST_PLUGIN_PATH="$BUILD/gst" \
    "$root/pipelines/batch/alexnet-batch" -o "$work/results" "$work/cut" &&
    same 3 "$(grep -c 'the picture is cut short' "$work/results/failures.jsonl")"
}

# EXIF that is cut off, or of another picture's kind, turns nothing.
odd_exif () {
  mkdir "$work/odd" &&
    /usr/bin/python3 "$root/tests/pipelines/odd-exif.py" \
      "$data/pictures/rgb.png" "$data/pictures/lossy.webp" "$work/odd" || return 1
  for file in "$work"/odd/*; do
    case $file in
      *.png) label=rgb.png ;;
      *) label=lossy.webp ;;
    esac
    same "${label##*.} identity" "$(/usr/bin/python3 \
      "$root/pipelines/batch/alexnet_batch/headers.py" "$file")" || return 1
    lacks_loader "$file" ||
      like_pillow "$label" "$inspect" classify -k 10 -p fp32 "$file" || return 1
  done
}

# Several at once, each in its own way, and a video that is none of theirs.
files () {
  for label in cmyk.jpg orientation-6.jpg orientation-6.png palette.gif 444.jpg
  do
    set -- "$@" "$data/pictures/$label"
  done
  exits 0 sh "$root/pipelines/files.sh" "$@" "$sample" ||
    return 1
  cp "$work/out" "$work/files"
  i=0
  for file; do
    i=$((i + 1))
    grep "^ .* $i-$(basename "$file") " "$work/files" >"$work/one" &&
      /usr/bin/python3 "$root/tests/pipelines/compare-pictures.py" \
        "$data/golden/pictures.txt" "$(basename "$file")" <"$work/one" ||
      return 1
  done
}

# A URI of nothing, and of a JPEG that is cut short, which is named.
bad_uris () {
  head -c 4000 "$data/pictures/444.jpg" >"$work/cut.jpg"
  for label in none cut; do
    ! sh "$root/pipelines/classify.sh" "file://$work/$label.jpg" \
      >"$work/out" 2>"$work/errors" &&
      grep "$label.jpg" "$work/errors" || return 1
  done
  same "classify.sh: file://$work/cut.jpg is cut short" "$(cat "$work/errors")"
}

# lacks_loader FILE: of the formats that this system may not know, with a
# sentence that names the file.
lacks_loader () {
  case $1 in
    *.webp | *.avif)
      ! LC_ALL=C "$inspect" classify "$1" 2>"$work/errors" >"$work/out" &&
        grep -q "^alexnet-inspect: $1: .* format" "$work/errors" ;;
    *) return 1 ;;
  esac
}

pictures () {
  while read -r label _; do
    file=$data/pictures/$label
    if lacks_loader "$file"; then
      skip "$label" "$(cat "$work/errors")"
      continue
    fi
    check "alexnet-inspect: $label" like_pillow "$label" \
      "$inspect" classify -k 10 -p fp32 "$file"
    check "classify.sh: $label" like_pillow "$label" \
      env PRECISION=fp32 TOP_K=10 sh "$root/pipelines/classify.sh" "$file"
  done <"$data/golden/pictures.txt"
}

# A JPEG of which the second half is missing, and one without its last bytes.
cut_jpeg () {
  for bytes in 4000 9600; do
    head -c $bytes "$data/pictures/444.jpg" >"$work/cut.jpg"
    "$inspect" classify "$work/cut.jpg" "$data/pictures/444.jpg" \
      >"$work/out" 2>"$work/errors"
    same 1 $? && same "alexnet-inspect: $work/cut.jpg: the file is damaged:\
 this JPEG is cut short" "$(complaints)" &&
      same 5 "$(grep -c '444.jpg: ' "$work/out")" &&
      ! grep cut.jpg "$work/out" || return 1
  done
  "$inspect" calibrate "$root/pipelines/models/alexnet-cifar10.safetensors" \
    "$work/cut.jpg" -o "$work/model" 2>"$work/errors"
  same 1 $? && grep 'cut.jpg: the file is damaged' "$work/errors"
}

# One with 200 bytes missing in the middle is classified and complained of, the
# good one beside it is not.
damaged_jpeg () {
  {
    head -c 4800 "$data/pictures/444.jpg"
    tail -c +5001 "$data/pictures/444.jpg"
  } >"$work/damaged.jpg"
  "$inspect" classify -k 1 "$work/damaged.jpg" "$data/pictures/444.jpg" \
    "$data/pictures/progressive.jpg" >"$work/out" 2>"$work/errors"
  same 0 $? && same "alexnet-inspect: $work/damaged.jpg: the file is damaged:\
 Corrupt JPEG data: premature end of data segment" "$(complaints)" &&
    same 3 "$(wc -l <"$work/out")"
}

# What stands behind the end of a JPEG is nobody's business.
more_than_a_jpeg () {
  {
    cat "$data/pictures/444.jpg"
    echo 'something else'
  } >"$work/444.jpg" &&
    like_pillow 444.jpg "$inspect" classify -k 10 -p fp32 "$work/444.jpg"
}

more_than_a_png () {
  {
    cat "$data/pictures/rgb.png"
    head -c 3000 /dev/zero
  } >"$work/more.png" &&
    sh "$root/pipelines/classify.sh" "$work/more.png" >"$work/out" &&
    grep '%' "$work/out"
}

sh "$root/pipelines/install-packages.sh" run build >"$work/log" 2>&1 ||
  skip_all "$(tail -n 1 "$work/log")"
sh "$root/pipelines/install-packages.sh" pictures >"$work/log" 2>&1 ||
  sed 's/^/# /' "$work/log"
built alexnet-inspect || skip_all 'built without alexnet-inspect'
pictures
uris
check 'classify.sh: URIs of no good picture' bad_uris
check 'files.sh' files
check 'alexnet-inspect: a JPEG that is cut short' cut_jpeg
check 'a GIF and WebP that are cut short' cut_others
check 'EXIF that says nothing of use' odd_exif
check 'alexnet-inspect: a JPEG that is damaged inside' damaged_jpeg
check 'alexnet-inspect: bytes behind a JPEG' more_than_a_jpeg
check 'classify.sh: bytes behind a PNG' more_than_a_png
done_testing
