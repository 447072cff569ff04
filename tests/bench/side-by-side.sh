#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The element beside GStreamer's onnxinference and an appsink with torchvision,
# all from Debian 13: sh tests/bench/side-by-side.sh [--rounds N] [--threads N]
# Wants a quiet machine. SIDE-BY-SIDE.md keeps what it found.
set -eu

cd "$(dirname "$0")/../.."
# shellcheck disable=SC2016
exec sh tests/debian13.sh --bench sh -euc '
  [ -f build/debian13/build.ninja ] || meson setup build/debian13 >&2
  ninja --quiet -C build/debian13 >&2
  exec /usr/bin/python3 tests/bench/side_by_side.py \
    build/debian13/tests/bench/bench-engine build/debian13/gst \
    build/side-by-side "$@"' - "$@"
