#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The scripts of tests/gpu/ on the software device: the bundle is made from
# this build and stays small, run.sh comes to its end, and says of what only a
# GPU can prove that it was skipped. Takes from the environment BUILD, the
# build directory, and SOFTGPU_DIR, where the stand-ins lie. Prints TAP.
set -u
. "$(dirname "$0")/../pipelines/tap.sh"

command -v gst-launch-1.0 >/dev/null || skip_all 'no gst-launch-1.0'

bundle () {
  sh "$root/tests/gpu/bundle.sh" "$BUILD" "$work/bundle"
}

run () {
  SOFTGPU=$SOFTGPU_DIR BUNDLE=$work/bundle sh "$root/tests/gpu/run.sh" \
    >"$work/said" 2>&1
  status=$?
  cat "$work/said"
  same '5 passed, 0 failed, 4 skipped' "$(tail -n 1 "$work/said")" &&
    [ $status -eq 0 ]
}

says_so () {
  head -n 1 "$work/said" | grep -q 'dry run on the software device' &&
    same 4 "$(grep -c '^skipped: this is a dry run' "$work/said")" &&
    [ ! -e "$work/bundle/RESULTS.md" ]
}

fails () {
  rm "$work/bundle/lib/backend-cudnn.so"
  SOFTGPU=$SOFTGPU_DIR BUNDLE=$work/bundle sh "$root/tests/gpu/run.sh" \
    >"$work/said" 2>&1 && return 1
  same '0 passed, 1 failed, 0 skipped' "$(tail -n 1 "$work/said")"
}

check 'the bundle is made and small enough' bundle
check 'run.sh comes to its end' run
check 'run.sh says that no GPU was there' says_so
check 'run.sh fails without the module' fails
done_testing
