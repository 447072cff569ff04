#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Classifies the PNG and JPEG images of a directory, all with one model:
#     sh pipelines/images.sh [DIRECTORY]
# Without an argument: ten images out of the sample clip.
# Exits with 1 when one of them could not be classified.
set -eu
takes=1
. "$(dirname "$0")/lib.sh"

refuse () {
  complain "$@"
  failed=1
}

# Lists the images of each kind and orientation: a stream has one of each, for
# videoflip would keep the orientation of a JPEG where the next one has none.
collect () {
  for image in "$1"/*.[Pp][Nn][Gg] "$1"/*.[Jj][Pp][Gg] "$1"/*.[Jj][Pp][Ee][Gg]
  do
    [ -e "$image" ] || [ -L "$image" ] || continue
    found=$((found + 1))
    readable "$image" || {
      failed=1
      continue
    }
    kind=$(picture "$image") || {
      refuse "$(basename -- "$image") $kind"
      continue
    }
    case $kind in
      png* | jpeg*) echo "$image" >>"$work/list $kind" ;;
      *) refuse "no picture in $(basename -- "$image")" ;;
    esac
  done
}

# number LIST: as multifilesrc wants them, and their names.
number () {
  rm -rf "$work/now"
  mkdir "$work/now"
  while IFS= read -r image; do
    n=$(($(find "$work/now" -type l | wc -l)))
    ln -s "$image" "$work/now/$(printf %06d "$n")"
    basename -- "$image" >>"$work/names"
  done <"$1"
}

# show WORD...: prints a line for each of the names; $missing are the numbers of
# those that it has none for.
show () {
  report_as=names=$work/names
  launch "$@" ! alexnetclassify post-messages=always top-k=3 ! fakesink || :
  missing=$(cat "$work/names.missing")
}

# show_alone IMAGE DIRECTION
show_alone () {
  basename -- "$1" >"$work/names"
  show filesrc location="$1" ! gdkpixbufdec ! videoconvert \
    ! videoflip video-direction="$2"
  [ -z "$missing" ] || refuse "no picture in $(basename -- "$1")"
}

# show_all LIST KIND DIRECTION DECODER: each image lasts a second. Of those
# without a result, one may have stopped the others, but which is not known: the
# first is tried alone, then the others again.
show_all () {
  while [ -s "$1" ]; do
    : >"$work/names"
    number "$1"
    show multifilesrc location="$work/now/%06d" \
      caps="image/$2,framerate=1/1" ! "$4" ! videoconvert \
      ! videoflip video-direction="$3"
    for i in $missing; do
      sed -n "${i}p" "$1"
    done >"$work/left"
    image=$(head -n 1 "$work/left")
    [ -z "$image" ] || show_alone "$image" "$3"
    sed 1d "$work/left" >"$1"
  done
}

# classify KIND DIRECTION. jpegdec would make I420 of any JPEG, and pngdec of
# GStreamer 1.22 takes the bytes of 16-bit pixels for others'.
classify () {
  case $1 in
    jpeg) show_all "$work/list $1 $2" jpeg "$2" avdec_mjpeg ;;
    png) show_all "$work/list $1 $2" png "$2" pngdec ;;
    png-16)
      while IFS= read -r image; do
        show_alone "$image" "$2"
      done <"$work/list $1 $2" ;;
  esac
}

if [ $# -eq 0 ]; then
  directory=$work
elif [ -d "$1" ]; then
  directory=$(CDPATH='' cd -- "$1" && pwd)
else
  die "no directory $1"
fi
prepare
[ $# -gt 0 ] || launch_quietly filesrc location="$sample" ! decodebin \
  ! videorate ! video/x-raw,framerate=1/1 ! videoconvert \
  ! identity eos-after=11 ! pngenc ! multifilesink location="$work/%02d.png"
found=0
failed=0
collect "$directory"
[ "$found" -gt 0 ] || die "no .png, .jpg or .jpeg in $directory"
for list in "$work"/list*; do
  [ -e "$list" ] || continue
  # shellcheck disable=SC2046
  classify $(basename "$list" | cut -d ' ' -f 2-)
done
exit $failed
