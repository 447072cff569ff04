#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The element with backend=cudnn on the software device, in gst-launch-1.0.
# Takes from the environment what that process needs: SOFTGPU_DIR, where the
# stand-ins lie, SOFTGPU_PRELOAD, a sanitizer's library or nothing, and CPU,
# the backend to compare with. Prints TAP.
set -u
. "$(dirname "$0")/../pipelines/tap.sh"

export XDG_CACHE_HOME="$work" GST_REGISTRY="$work/registry"
command -v gst-launch-1.0 >/dev/null || skip_all 'no gst-launch-1.0'

# launch LIBRARY_PATH PROPERTY...: the messages of every fifth frame
launch () {
  libraries=$1
  shift
  LD_LIBRARY_PATH=$libraries LD_PRELOAD=$SOFTGPU_PRELOAD gst-launch-1.0 -m \
    filesrc "location=$sample" ! decodebin ! videoconvert ! \
    alexnetclassify "$@" inference-interval=5 post-messages=always top-k=1 ! \
    fakesink 2>&1
}

# Frame number and first label of each.
labels () {
  sed -n 's/.*frame-number=(guint64)\([0-9]*\).*labels=(string)< \([^>]*\) >.*/\1 \2/p'
}

same_labels () {
  launch '' backend="$CPU" >"$work/cpu" || { cat "$work/cpu"; return 1; }
  launch "$SOFTGPU_DIR" backend=cudnn >"$work/gpu" ||
    { cat "$work/gpu"; return 1; }
  grep -q 'backend=(string)cudnn' "$work/gpu" &&
    same "$(labels <"$work/cpu")" "$(labels <"$work/gpu")" &&
    same 50 "$(labels <"$work/gpu" | wc -l)"
}

auto_takes_it () {
  launch "$SOFTGPU_DIR" | grep -q 'backend=(string)cudnn'
}

# One error with the cause, after what was classified before.
lost () {
  SOFTGPU_LOSE=500 launch "$SOFTGPU_DIR" backend=cudnn >"$work/lost" && {
    echo 'ended well'
    return 1
  }
  cat "$work/lost"
  same 1 "$(grep -c '^ERROR: from element .*GstAlexnetClassify' "$work/lost")" &&
    grep -q cudaErrorIllegalAddress "$work/lost" &&
    [ "$(labels <"$work/lost" | wc -l)" -gt 3 ]
}

small () {
  SOFTGPU_MEMORY=50000000 launch "$SOFTGPU_DIR" backend=cudnn >"$work/small" && {
    echo 'ended well'
    return 1
  }
  cat "$work/small"
  same 1 "$(grep -c '^ERROR: from element' "$work/small")" &&
    grep -q "of the device's 47.7 MiB are free" "$work/small"
}

batch () {
  LD_LIBRARY_PATH=$SOFTGPU_DIR LD_PRELOAD=$SOFTGPU_PRELOAD \
    "$root/pipelines/batch/alexnet-batch" --attempts 2 --set backend=cudnn \
    --set max-batch-size=1 "$@" "$sample" 2>&1
}

# The video is not to blame, and another start may find another device.
lost_in_batch () {
  SOFTGPU_LOSE=1000 batch -o "$work/results"
  same 75 $? && cat "$work/results/failures.jsonl" &&
    grep -q 'cudaErrorIllegalAddress.*"attempts":2' \
      "$work/results/failures.jsonl" &&
    same '' "$(find "$work/results" -name '*.failed')"
}

# Before there is any input.
no_start_of_batch () {
  SOFTGPU_LOSE=1 batch -o "$work/lost" >"$work/said"
  same 75 $? && grep -q '^alexnet-batch: .*cudaErrorIllegalAddress' "$work/said" &&
    SOFTGPU_MEMORY=50000000 batch -o "$work/small" >"$work/said"
  same 75 $? && grep -q "of the device's 47.7 MiB are free" "$work/said" &&
    SOFTGPU_DEVICES='' batch -o "$work/none" >"$work/said"
  same 2 $? && cat "$work/said"
}

check "the labels of backend $CPU" same_labels
check 'auto takes the device' auto_takes_it
check 'a lost device is one error after the frames before it' lost
if [ -z "$SOFTGPU_PRELOAD" ] && /usr/bin/python3 -c 'import gi' 2>/dev/null
then
  check 'alexnet-batch: a lost device is worth another start' lost_in_batch
  check 'alexnet-batch: no start for now' no_start_of_batch
else
  skip 'alexnet-batch: a lost device' 'a sanitizer, or no python3-gi'
  skip 'alexnet-batch: no start for now' 'a sanitizer, or no python3-gi'
fi
check 'a small device is one error with free and total' small
done_testing
