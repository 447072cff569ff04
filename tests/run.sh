#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs all tests: sh tests/run.sh
# Installs what they need, builds below build/ with warnings as errors, and
# ends with one line "N passed, N failed, N skipped". Seven builds:
#     test     everything, as a user builds it; tests that count objects take
#              the place of those that are the same without
#     asan     AddressSanitizer and UBSan: engine and element, all of them
#     tsan     ThreadSanitizer: the engine's tests with threads and seeks in
#              pipelines, without oneDNN; it takes barriers of OpenMP, which it
#              does not see, for races
#     debian13, forky: what depends on GStreamer, oneDNN and gdk-pixbuf with
#              those of newer Debians (debian.sh), where such roots can be made;
#              in the one between the oldest and the newest without what is long
#     arm64, i386: a part of the engine's tests for another processor, emulated,
#              and with sizes of 32 bits (cross.sh), where libraries can be had
set -u

case ${1-} in
  '') ;;
  -h | --help) exec sh "$(dirname -- "$0")/../pipelines/help.sh" "$0" ;;
  *)
    echo "run.sh: it takes no arguments; see $0 --help" >&2
    exit 2 ;;
esac

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1

sh pipelines/install-packages.sh run build full test rtsp regions mqtt kafka gpu \
  pictures json plot batch report browser cluster cross || exit 1

export GST_REGISTRY_FORK=no
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1
export LSAN_OPTIONS="suppressions=$root/tests/lsan.supp:print_suppressions=0"
export TSAN_OPTIONS=halt_on_error=1

# root_for NAME COMMAND...: makes a root, or notes why there is none.
root_for () {
  name=$1
  shift
  mkdir -p "build/$name"
  reason=$(sh "$@" --make)
  case $? in
    0) : >"build/$name/root" ;;
    77) echo "${reason#SKIP: }" >"build/$name/skipped" ;;
  esac
}

# Roots are made one after the other, but while the first builds run, which want
# the first one (container.sh).
for name in debian13 forky arm64 i386; do
  rm -f build/$name/root build/$name/skipped \
    build/$name/meson-logs/testlog.json
done
{
  sh tests/container.sh --make >/dev/null
  root_for debian13 tests/debian.sh debian13
  root_for forky tests/debian.sh forky
  root_for arm64 tests/cross.sh arm64
  root_for i386 tests/cross.sh i386
} &
roots=$!

sh tests/build.sh test -- --no-suite uncounted
export TESTED_ONLY=1
sh tests/build.sh asan -Db_sanitize=address,undefined -Db_lundef=false \
  -Dcuda-archs=75 -- \
  --suite engine --suite gst --suite softgpu --timeout-multiplier 4
sh tests/build.sh tsan -Db_sanitize=thread -Db_lundef=false \
  -Dcuda=disabled -Donednn=disabled -- \
  --suite threads --timeout-multiplier 4
unset TESTED_ONLY

wait $roots
in_root () {
  name=$1
  shift
  [ ! -f "build/$name/root" ] ||
    sh tests/debian.sh "$name" sh tests/build.sh "$name" -- --suite gst \
      --suite pipelines --suite libraries --no-suite uncounted \
      --no-suite no-root "$@"
}

in_root debian13 --no-suite long
in_root forky
for name in arm64 i386; do
  [ ! -f build/$name/root ] || sh tests/cross.sh $name
done

python3 tests/results.py build/test build/asan build/tsan build/debian13 \
  build/forky build/arm64 build/i386
