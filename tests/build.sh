#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One build of tests/run.sh, in build/NAME:
#     sh tests/build.sh NAME SETUP_OPTION... -- TEST_OPTION...
# What fails shows in the log that results.py reads, or in its absence. With
# TESTED_ONLY=1 in the environment nothing is built that these tests do not need.

cd "$(dirname "$0")/.." || exit 1
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
meson setup "$dir" -Dwerror=true -Dtests=enabled $options || exit
[ -n "${TESTED_ONLY-}" ] || {
  ninja --quiet -C "$dir" all meson-test-prereq || exit
  set -- --no-rebuild "$@"
}
meson test -C "$dir" "$@"
