#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Says what videos and images show:
#     sh pipelines/classify.sh [VIDEO|IMAGE|URI ...]
# Without an argument: the sample clip. From the environment:
#     MODEL    a .safetensors or .pth file; else the one in
#              ~/.local/share/alexnet; else the demonstration model
#     LABELS   a text file with one label a line
#     BACKEND  cudnn, cpu, reference
#     TOP_K    how many labels a line shows, 3 when not set
#     BUILD    where to build, build/ when not set
# Installs and builds first what is missing. Exits with 1 when one of them
# could not be classified.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=${BUILD:-$root/build}

die () {
  echo "classify.sh: $*" >&2
  exit 1
}

build_element () {
  if [ ! -f "$build/build.ninja" ]; then
    echo "Configuring $build"
    mkdir -p "$build"
    meson setup "$build" "$root" >"$build/setup.log" 2>&1 || {
      cat "$build/setup.log" >&2
      die "meson could not configure $build"
    }
  fi
  if ! ninja -C "$build" -n element | grep -q 'no work to do'; then
    echo "Building the element in $build"
    ninja -C "$build" element || die "the build failed"
  fi
}

# A word, NAME=VALUE where it needs quotes, as the shell wants it back.
quote () {
  case $1 in
    '!') printf '!' ;;
    *[!A-Za-z0-9_./:=,+@%-]*)
      printf "%s='%s'" "${1%%=*}" \
        "$(printf %s "${1#*=}" | sed "s/'/'\\\\''/g")" ;;
    *) printf %s "$1" ;;
  esac
}

# Runs gst-launch-1.0 and shows the line that does it.
launch () {
  set -- \
    GST_PLUGIN_PATH="$build/gst${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}" \
    ALEXNET_BACKEND_DIR="$build/engine/cudnn" \
    ALEXNET_DATA_DIR="$root/pipelines/models" gst-launch-1.0 -m "$@"
  printf '$'
  for word; do
    printf ' %s' "$(quote "$word")"
  done
  echo
  {
    status=0
    # shellcheck disable=SC2016
    sh -c 'echo "pid $$"; exec env "$@"' sh "$@" || status=$?
    echo "status $status"
  } | (
    trap '' INT
    LC_ALL=C exec awk -f "$root/pipelines/results.awk"
  )
}

classify () {
  case $1 in
    *://*) set -- uridecodebin uri="$1" ;;
    *)
      [ -r "$1" ] || {
        echo "classify.sh: no file $1, or not allowed to read it" >&2
        return 1
      }
      set -- filesrc location="$1" ! decodebin
      ;;
  esac
  launch "$@" ! videoconvert ! alexnetclassify \
    ${MODEL:+"model-file=$MODEL"} ${LABELS:+"labels-file=$LABELS"} \
    ${BACKEND:+"backend=$BACKEND"} top-k="${TOP_K:-3}" post-messages=always \
    ! fakesink
}

sh "$root/pipelines/install-packages.sh" run build
build_element
[ $# -gt 0 ] || set -- "$root/pipelines/media/sample.webm"
failed=0
for name; do
  classify "$name" || failed=1
done
exit $failed
