#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The element beside GStreamer's onnxinference and an appsink with torchvision,
# all from Debian 13 or from another root of tests/debian.sh:
#     sh tests/bench/side-by-side.sh [ROOT] [--rounds N] [--threads N]
# Wants a quiet machine. SIDE-BY-SIDE.md keeps what it found.
set -eu

cd "$(dirname "$0")/../.."
root=debian13
case ${1--} in
  -*) ;;
  *)
    root=$1
    shift
    ;;
esac
# shellcheck disable=SC2016
exec sh tests/debian.sh "$root" --bench sh -euc '
  build=build/$1
  shift
  [ -f "$build/build.ninja" ] || meson setup "$build" >&2
  ninja --quiet -C "$build" >&2
  exec /usr/bin/python3 tests/bench/side_by_side.py \
    "$build/tests/bench/bench-engine" "$build/gst" build/side-by-side "$@"' \
  - "$root" "$@"
