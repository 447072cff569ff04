#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The scripts of tests/gpu/ on the software device: the bundle is made from
# this build and stays small, each stage of run.sh comes to its end and shows
# what it saw, a stage that is cut short too, and of what only a GPU can prove it
# says that it was skipped. Takes from the environment BUILD, the build
# directory, and SOFTGPU_DIR, where the stand-ins lie. Prints TAP.
set -u
. "$(dirname "$0")/../pipelines/tap.sh"

command -v gst-launch-1.0 >/dev/null || skip_all 'no gst-launch-1.0'

# What decodes on the GPU would be taken for the clip, were it beside the others.
bundle () {
  sh "$root/tests/gpu/bundle.sh" "$BUILD" "$work/bundle" &&
    [ ! -e "$work/bundle/plugins/libgstnvcodec.so" ]
}

# dry_run STAGE...: writes $work/said and $work/results.
dry_run () {
  SOFTGPU=$SOFTGPU_DIR BUNDLE=$work/bundle OUT=$work/results \
    sh "$root/tests/gpu/run.sh" "$@" >"$work/said" 2>&1
  status=$?
  cat "$work/said"
  return $status
}

run () {
  dry_run &&
    same '14 passed, 0 failed, 5 skipped' "$(tail -n 1 "$work/said")"
}

says_so () {
  head -n 1 "$work/said" | grep -q 'dry run on the software device' &&
    same 5 "$(grep -c '^skipped: this is a dry run' "$work/said")"
}

order () {
  same 'parity element plans speed profile sanitize' \
    "$(sed -n 's/^=== //p' "$work/said" | xargs)" &&
    same 'RESULTS.md element.txt parity.txt plans.json plans.txt profile.txt'\
' sanitize.txt speed.txt' "$(ls "$work/results" | xargs)"
}

# Eight files may come back, and each kind of table has rows.
tables () {
  for row in '| fp16 | 1 | [0-9.]* | [0-9.]* | [0-9]* |' \
    '| bf16 | 1 | [0-9.]* | [0-9.]* | [0-9.]* |$' \
    '| tf32 | 1 | [0-9.]* | [0-9.]* |$' '| conv .* fp16.* | [0-9.]* |$' \
    '| fp16 | 1 | conv1 | [0-9.]* | [0-9]* | [0-9.]* |$' \
    '| tf32 | [0-9]* | [0-9-]* |$' '- sanitize: 0 passed, 0 failed, 3 skipped$'; do
    grep "^$row" "$work/results/RESULTS.md" || {
      echo "no row $row"
      return 1
    }
  done
  python3 -m json.tool "$work/results/plans.json" >"$work/log"
}

cut_short () {
  rm -r "$work/results"
  STAGE_LIMIT=0.2 dry_run parity && return 1
  same '0 passed, 1 failed, 0 skipped' "$(tail -n 1 "$work/said")" &&
    grep '^- parity: .*it did not come to its end' "$work/results/RESULTS.md"
}

# dry_run_with PROGRAM STAGE: with what is read here for that of the bundle.
dry_run_with () {
  program=$work/bundle/bin/$1
  mv "$program" "$work/program"
  cat >"$program"
  chmod +x "$program"
  dry_run "$2"
  status=$?
  mv "$work/program" "$program"
  return $status
}

# Of its processes the one that hangs is ended too.
hangs () {
  STAGE_LIMIT=5 dry_run_with gst-launch-1.0 element <<FAKE
#!/bin/sh
case \$* in
  *videotestsrc*) sleep 250; touch "$work/awake" ;;
  *) echo 'alexnet-classification, labels=(string)< cat, dog >,' ;;
esac
FAKE
  same 1 $? && [ ! -e "$work/awake" ] &&
    same '0 passed, 1 failed, 0 skipped' "$(tail -n 1 "$work/said")"
}

# One precision that differs does not hide the others.
differs () {
  dry_run_with gst-launch-1.0 element <<'FAKE'
#!/bin/sh
label=cat
case $* in *tf32*) label=bat ;; esac
echo "alexnet-classification, labels=(string)< $label, dog >,"
FAKE
  same 1 $? && grep '^tf32: of 1 and 1 labels 2 differ$' "$work/said" &&
    grep '^int8: 1 frames, all labels equal$' "$work/said"
}

# A test that aborts does not take another along.
aborts () {
  dry_run_with test-backend-cudnn parity <<'FAKE'
#!/bin/sh
case $* in
  -l) printf '/backend/cudnn/fp16/pixels/%s\n' first second ;;
  *first) exit 134 ;;
  *second) echo "ok 1 second" ;;
esac
FAKE
  same 1 $? && grep -q '^ok 1 second' "$work/said" &&
    same '3 passed, 1 failed, 0 skipped' "$(tail -n 1 "$work/said")"
}

one_stage () {
  dry_run profile && same profile "$(sed -n 's/^=== //p' "$work/said")"
}

no_stage () {
  dry_run speed nonsense
  same 2 $? && same 'run.sh: no stage nonsense; there are: parity element'\
' plans speed profile sanitize' "$(cat "$work/said")"
}

fails () {
  rm "$work/bundle/lib/backend-cudnn.so"
  dry_run parity && return 1
  same '0 passed, 1 failed, 0 skipped' "$(tail -n 1 "$work/said")"
}

check 'the bundle is made and small enough' bundle
check 'run.sh comes to its end' run
check 'run.sh says that no GPU was there' says_so
check 'run.sh goes by what is most valuable' order
check 'run.sh tells what it saw' tables
check 'run.sh tells of a stage that was cut short' cut_short
check 'run.sh ends a stage of which a process hangs' hangs
check 'run.sh goes on behind a precision that differs' differs
check 'run.sh goes on behind a test that aborts' aborts
check 'run.sh runs one stage' one_stage
check 'run.sh names its stages' no_stage
check 'run.sh fails without the module' fails
done_testing
