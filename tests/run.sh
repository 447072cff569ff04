#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs all tests: sh tests/run.sh
# Installs what they need, builds below build/ with warnings as errors, and
# ends with one line "N passed, N failed, N skipped". Three builds:
#     test     everything, as a user builds it
#     asan     AddressSanitizer and UBSan: engine and element
#     tsan     ThreadSanitizer: the engine, without oneDNN; it takes locks of
#              GLib and barriers of OpenMP, which it does not see, for races
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1

# build_and_test NAME SETUP_OPTIONS... -- TEST_OPTIONS...
# What fails here shows in the log that results.py reads, or in its absence.
build_and_test () {
  dir=build/$1
  shift
  options=
  while [ "$1" != -- ]; do
    options="$options $1"
    shift
  done
  shift
  rm -f "$dir/meson-logs/testlog.json"
  [ ! -f "$dir/build.ninja" ] || options="$options --reconfigure"
  set -x
  # shellcheck disable=SC2086
  meson setup "$dir" -Dwerror=true -Dtests=enabled $options &&
    ninja --quiet -C "$dir" &&
    meson test -C "$dir" --no-rebuild "$@"
  { set +x; } 2>/dev/null
}

sh pipelines/install-packages.sh run build full test rtsp regions mqtt gpu \
  json plot || exit 1

export GST_REGISTRY_FORK=no
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1
export LSAN_OPTIONS="suppressions=$root/tests/lsan.supp:print_suppressions=0"
export TSAN_OPTIONS=halt_on_error=1

build_and_test test --
build_and_test asan -Db_sanitize=address,undefined -Db_lundef=false -- \
  --suite engine --suite gst --suite softgpu --timeout-multiplier 4
build_and_test tsan -Db_sanitize=thread -Db_lundef=false -Donednn=disabled -- \
  --suite engine --timeout-multiplier 4
python3 tests/results.py build/test build/asan build/tsan
