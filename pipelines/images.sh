#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Classifies the PNG and JPEG images of a directory, all with one model:
#     sh pipelines/images.sh [DIRECTORY]
# Without an argument: ten images out of the sample clip.
# Exits with 1 when one of them could not be classified.
set -eu
. "$(dirname "$0")/lib.sh"

# kind_of FILE: png or jpeg, whatever its name says.
kind_of () {
  case $(head -c 3 "$1" | od -An -tx1) in
    ' 89 50 4e') tail -c 8 "$1" | LC_ALL=C grep -q IEND && echo png ;;
    ' ff d8 ff') echo jpeg ;;
  esac
}

# Numbers the images of each kind, as multifilesrc wants them.
collect () {
  for image in "$1"/*.[Pp][Nn][Gg] "$1"/*.[Jj][Pp][Gg] "$1"/*.[Jj][Pp][Ee][Gg]
  do
    [ -e "$image" ] || continue
    found=$((found + 1))
    if kind=$(kind_of "$image") && [ -n "$kind" ]; then
      n=$(wc -l <"$work/$kind/names")
      ln -s "$image" "$work/$kind/$(printf %06d "$n")"
      basename -- "$image" >>"$work/$kind/names"
    else
      complain "no picture in $(basename -- "$image")"
      failed=1
    fi
  done
}

# classify KIND DECODER: each image lasts a second.
classify () {
  [ -s "$work/$1/names" ] || return 0
  report_as=names=$work/$1/names
  launch multifilesrc location="$work/$1/%06d" \
    caps="image/$1,framerate=1/1" ! "$2" ! videoconvert \
    ! alexnetclassify post-messages=always top-k=3 ! fakesink || failed=1
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
mkdir "$work/png" "$work/jpeg"
: >"$work/png/names"
: >"$work/jpeg/names"
collect "$directory"
[ "$found" -gt 0 ] || die "no .png, .jpg or .jpeg in $directory"
classify png pngdec
classify jpeg jpegdec
exit $failed
