# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# To be sourced after tap.sh, by tests of alexnet-batch.

photo=$root/tests/data/pictures/orientation-6.jpg
use_build

# batch ARGUMENT...: into $work/$results, with its status.
batch () {
  timeout -k 5 120 "$root/pipelines/batch/alexnet-batch" -o "$work/$results" \
    "$@" >"$work/out" 2>"$work/errors"
  status=$?
  cat "$work/out" "$work/errors"
  return $status
}

# ends_with STATUS ARGUMENT...
ends_with () {
  expected=$1
  shift
  batch "$@"
  same "$expected" $?
}

# refused TEXT ARGUMENT...: before anything is classified.
refused () {
  text=$1
  shift
  ends_with 2 "$@" && same "alexnet-batch: $text" "$(tail -n 1 "$work/errors")"
}

# of NAME ENDING: the file of the input with that name, which is the only one.
of () {
  set -- "$work/$results"/*/"$1"-*."$2"
  [ $# -eq 1 ] && [ -f "$1" ] && echo "$1"
}

# Without repetitions, the best classes of a video.
best () {
  jq -r '.regions[0].classes[0].label' "$1" | uniq | xargs
}

# field NAME FILE: of each line.
field () {
  jq -r ".$1" "$2" | xargs
}

failures () {
  jq -r '"\(.uri | split("/") | last) \(.stage): \(.message)"' \
    "$work/$results/failures.jsonl" | sort
}
