#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The image that pipelines/batch/Containerfile describes: its steps are followed
# (tests/container.sh), and what they make classifies. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"

container=$root/tests/container.sh

timeout -k 5 1500 sh "$container" build "$work/image" >"$work/steps" 2>&1
built=$?
[ $built -ne 77 ] || skip_all "$(sed -n '$s/^SKIP: //p' "$work/steps")"

steps () {
  cat "$work/steps"
  same 0 $built
}

# runs STATUS ARGUMENT...: as the first lines of the Containerfile say.
runs () {
  expected=$1
  shift
  exits "$expected" sh "$container" run "$work/image" \
    -v "$work/videos:/videos" -v "$work/results:/results" "$@"
}

sample () {
  mkdir "$work/videos" "$work/videos/none" "$work/results" &&
    cp "$sample" "$work/videos" &&
    chown 1000 "$work/results" &&
    runs 0 -o /results /videos &&
    same "$classes" "$(jq -r '.regions[0].classes[0].label' \
      "$work"/results/*/sample.webm-*.jsonl | uniq | xargs)" &&
    same 'cpu 250' "$(jq -r '"\(.backend) \(.frames)"' \
      "$work"/results/*/sample.webm-*.done)" &&
    same 1000 "$(find "$work/results" -printf '%U\n' | sort -u)"
}

# Exit codes are those of alexnet-batch.
codes () {
  : >"$work/videos/empty.mp4"
  runs 65 -o /results /videos && runs 66 -o /results /videos/none &&
    runs 2 -o /results --set no-such=1 /videos
}

# Results that the user in it may not write.
denied () {
  chown -R 0 "$work/results" &&
    runs 75 -o /results --overwrite /videos &&
    same 1 "$(grep -c '^alexnet-batch: .*Permission denied' "$work/errors")"
}

check 'the steps' steps
if [ $built -eq 0 ]; then
  check 'a video' sample
  check 'exit codes' codes
  check 'results that belong to another user' denied
fi
done_testing
