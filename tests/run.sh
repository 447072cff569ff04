#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs all tests: sh tests/run.sh
# Installs what they need, builds below build/ with warnings as errors, and
# ends with one line "N passed, N failed, N skipped". Five builds:
#     test     everything, as a user builds it
#     asan     AddressSanitizer and UBSan: engine and element
#     tsan     ThreadSanitizer: the engine's tests with threads and seeks in
#              pipelines, without oneDNN; it takes barriers of OpenMP, which it
#              does not see, for races
#     debian13 engine, element and pipelines with the GStreamer and oneDNN of
#              Debian 13 (debian13.sh), where such a root can be made
#     arm64    for another processor, and a part of the engine's tests emulated
#              (arm64.sh), where its libraries can be had
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1

sh pipelines/install-packages.sh run build full test rtsp regions mqtt gpu \
  json plot arm64 || exit 1

export GST_REGISTRY_FORK=no
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1
export LSAN_OPTIONS="suppressions=$root/tests/lsan.supp:print_suppressions=0"
export TSAN_OPTIONS=halt_on_error=1

sh tests/build.sh test --
sh tests/build.sh asan -Db_sanitize=address,undefined -Db_lundef=false -- \
  --suite engine --suite gst --suite softgpu --timeout-multiplier 4
sh tests/build.sh tsan -Db_sanitize=thread -Db_lundef=false \
  -Dcuda=disabled -Donednn=disabled -- \
  --suite threads --timeout-multiplier 4

# root_for NAME: makes the root of tests/NAME.sh, or notes why there is none.
root_for () {
  rm -f "build/$1/meson-logs/testlog.json" "build/$1/skipped"
  if reason=$(sh "tests/$1.sh" --make); then
    return 0
  elif [ $? -eq 77 ]; then
    mkdir -p "build/$1"
    echo "${reason#SKIP: }" >"build/$1/skipped"
  fi
  return 1
}

root_for debian13 &&
  sh tests/debian13.sh sh tests/build.sh debian13 -- --no-suite style
root_for arm64 && sh tests/arm64.sh

python3 tests/results.py build/test build/asan build/tsan build/debian13 \
  build/arm64
