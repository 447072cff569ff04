#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What only a GPU can prove, on a machine that has one, CUDA and cuDNN (a
# PyTorch environment brings it), with build-gpu/ as bundle.sh made it:
#
#     sh tests/gpu/run.sh [STAGE...]
#
# Without a name all stages run, the most valuable first, each for at most
# STAGE_LIMIT seconds (default: 180, and 240 for parity). What a stage sees goes
# to OUT/STAGE.txt as it goes, and into the table OUT/RESULTS.md when it ends (OUT,
# default: build-gpu/results), so that a run that is cut short has told what it saw:
#
#     parity    layers, networks and formats against the CPU
#     element   gst-launch-1.0 on the clip, in host and device memory; 16 streams
#     plans     the time of every plan that could be chosen; those that were, in
#               OUT/plans.json. They are kept in BUNDLE/cache, so that the stages
#               behind it, in a later run too, need not look for them
#     speed     the device's time and frames a second, beside PyTorch; with
#               COMPILE=1 torch.compile too
#     profile   the time of each operation, and what that is of the limits
#     sanitize  memcheck and racecheck of our kernels, memcheck of all
#
# Of a stage that is out of time the last lines of what was running are shown.
# Ends with "N passed, N failed, N skipped"; exit status 1 when something failed
# or a stage was out of time.
#
# SOFTGPU=DIRECTORY, of the software device's libraries, is a dry run, which
# tries this script and nothing else: little of each step, and some of them
# skipped. BUNDLE= is another folder than build-gpu/.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
bundle=${BUNDLE:-$root/build-gpu}
dry=${SOFTGPU:-}
OUT=${OUT:-$bundle/results}
model=$root/pipelines/models/alexnet-cifar10.safetensors
clip=$root/pipelines/media/sample.webm
stages='parity element plans speed profile sanitize'
passed=0
failed=0
skipped=0

[ -d "$bundle" ] || {
  echo "run.sh: no $bundle; tests/gpu/bundle.sh makes it" >&2
  exit 1
}

# Where a PyTorch environment, or the toolkit, keeps the libraries.
cuda_path () {
  python3 - <<'PYTHON'
import glob, sysconfig
site = sysconfig.get_paths()["purelib"]
found = sorted(glob.glob(site + "/nvidia/*/lib"))
print(":".join(found + ["/usr/local/cuda/lib64", "/usr/local/cuda/lib"]))
PYTHON
}
libraries=$bundle/lib:${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$(cuda_path)
[ -z "$dry" ] || libraries=$bundle/lib:$dry

# GStreamer's plugins; those that decode on the GPU are there for frames in its
# memory alone, or decodebin3 takes them for the others.
plugins=$bundle/plugins

# ours COMMAND...: with the bundle's libraries; python must not see them.
ours () {
  LD_LIBRARY_PATH=$libraries ALEXNET_BACKEND_DIR=$bundle/lib \
    ALEXNET_TEST_DATA=$root/tests/data XDG_CACHE_HOME=$bundle/cache \
    ALEXNET_TEST_MODELS=$root/pipelines/models ALEXNET_MODEL=$model \
    GST_PLUGIN_SYSTEM_PATH=$plugins GST_REGISTRY=$work/registry \
    GST_PLUGIN_SCANNER=$bundle/bin/gst-plugin-scanner "$@"
}

# step NAME COMMAND...: 77 = skipped.
step () {
  name=$1
  began=$(date +%s)
  shift
  echo "== $name"
  "$@"
  result=$?
  echo "-- $(($(date +%s) - began)) s"
  case $result in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *)
      failed=$((failed + 1))
      echo "== $name FAILED"
      ;;
  esac
}

# for_gpu COMMAND...: what the software device has nothing to say about.
for_gpu () {
  if [ -n "$dry" ]; then
    echo 'skipped: this is a dry run on the software device'
    return 77
  fi
  "$@"
}

# start NAME PROGRAM TEST...: in the background; it logs to $work/NAME.log. Each
# test has a process of its own, as one that aborts takes the others along.
start () {
  log=$work/$1.log
  program=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  {
    status=0
    for path; do
      ours "$program" -k -p "$path" || status=1
    done
    echo $status >"$log.status"
  } >"$log" 2>&1 &
}

# proves NAME: waits for the tests that were started, and shows what they said.
# One that skips itself here has not proved anything.
proves () {
  log=$work/$1.log
  while [ ! -s "$log.status" ]; do
    sleep 0.1
  done
  grep -vE '(DEBUG|INFO): ' "$log" | tail -n 200
  [ "$(cat "$log.status")" -eq 0 ] && grep -q '^ok ' "$log" &&
    ! grep -q '^ok .*# SKIP' "$log"
}

# Once more when it does not, with all that the libraries say of it.
has_gpu () {
  set -- ours "$bundle/bin/alexnet-inspect" check --backend=cudnn "$model"
  "$@" && return
  G_MESSAGES_DEBUG=alexnet CUDNN_LOGLEVEL_DBG=2 CUDNN_LOGDEST_DBG=stderr \
    CUBLASLT_LOG_LEVEL=1 "$@" 2>&1 | tail -n 60
  ours ldd "$bundle/lib/backend-cudnn.so"
  return 1
}

# labels SOURCE... -- PROPERTY...: of every frame, in a dry run of some.
labels () {
  decode=
  while [ "$1" != -- ]; do
    decode="$decode $1"
    shift
  done
  shift
  [ -z "$dry" ] || set -- "$@" inference-interval=50 max-batch-size=2
  # shellcheck disable=SC2086
  ours "$bundle/bin/gst-launch-1.0" -m $decode ! alexnetclassify "$@" \
    post-messages=always \
    ! fakesink >"$work/messages" 2>&1 || {
    tail -n 20 "$work/messages" >&2
    return 1
  }
  sed -n 's/.*alexnet-classification.* labels=(string)< \([^,]*\),.*/\1/p' \
    "$work/messages"
}

# expect_labels NAME: what is in found and in expected is the same, and
# something.
expect_labels () {
  if [ -s "$work/expected" ] && cmp -s "$work/expected" "$work/found"; then
    echo "$1: $(wc -l <"$work/found") frames, all labels equal"
    return
  fi
  echo "$1: of $(wc -l <"$work/expected") and $(wc -l <"$work/found") labels" \
    "$(diff "$work/expected" "$work/found" | grep -c '^[<>]') differ"
  return 1
}

same_labels () {
  status=0
  play="filesrc location=$clip ! decodebin3 ! videoconvert"
  labels "$play" -- backend=reference >"$work/expected" || return 1
  for precision in fp32 tf32 fp16 bf16 int8; do
    labels "$play" -- backend=cudnn precision=$precision >"$work/found" &&
      expect_labels $precision || status=1
  done
  return $status
}

# Frames that the GPU has decoded, where they lie and by way of host memory.
cuda_memory () (
  plugins=$plugins:$bundle/gpu-plugins
  sample=$bundle/sample.h264
  [ -f "$sample" ] || {
    echo 'skipped: bundle.sh made no H.264 sample'
    exit 77
  }
  ours "$bundle/bin/gst-inspect-1.0" --exists nvh264dec || {
    echo 'skipped: no nvh264dec; it needs the plugin nvcodec in the bundle and' \
      'libnvcuvid.so.1 of the driver'
    exit 77
  }
  play="filesrc location=$sample ! h264parse ! nvh264dec"
  labels "$play ! video/x-raw" -- backend=cudnn >"$work/expected" &&
    labels "$play ! video/x-raw(memory:CUDAMemory)" -- backend=cudnn \
      >"$work/found" && expect_labels CUDAMemory
)

many_streams () {
  set --
  i=0
  n_frames=100
  max_batch=16
  [ -z "$dry" ] || {
    n_frames=1
    max_batch=2
  }
  while [ $i -lt 16 ]; do
    set -- "$@" videotestsrc num-buffers=$n_frames pattern=$((i % 20)) \
      ! video/x-raw,format=NV12,width=640,height=360 \
      ! alexnetclassify backend=cudnn max-batch-size=$max_batch ! fakesink
    i=$((i + 1))
  done
  ours "$bundle/bin/gst-launch-1.0" -q "$@"
}

# few_frames COMMAND...: pixels and batches.
few_frames () {
  ours "$@" "$bundle/bin/gst-launch-1.0" -q videotestsrc num-buffers=12 \
    ! video/x-raw,format=NV12,width=320,height=240 \
    ! alexnetclassify backend=cudnn max-batch-size=4 ! fakesink
}

# check_access TOOL OPTION...: plans are chosen without it. What the libraries
# ask the driver in vain, as for calls that only a newer one has, is no fault.
check_access () {
  sanitizer=$(command -v compute-sanitizer ||
    ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null) || {
    echo 'skipped: there is no compute-sanitizer'
    return 77
  }
  few_frames && few_frames "$sanitizer" --report-api-errors no \
    --error-exitcode 9 --tool "$@"
}

# measure COMMAND PRECISION...: gpu-bench; the figures of a dry run mean
# nothing.
measure () {
  ours "$bundle/bin/gpu-bench" ${dry:+--trial} "$@"
}

# What PyTorch needs for the same, each variant in a process of its own.
baseline () {
  python3 -c 'import torch' || {
    echo 'skipped: there is no PyTorch'
    return 77
  }
  status=0
  for variant in fused s2d graph ${COMPILE:+compile}; do
    python3 "$root/tests/gpu/baseline.py" "$variant" fp16 bf16 tf32 || status=1
  done
  return $status
}

# plans PRECISION: every plan and its time, as the engine says while it chooses.
plans () {
  log=$work/plans.log
  rm -f "$log.status"
  {
    G_MESSAGES_DEBUG=alexnet measure plans "$1"
    echo $? >"$log.status"
  } 2>&1 | tee "$log" |
    sed -un 's/.*DEBUG: .*: \(.*\): candidate \([0-9]*\) of \([0-9]*\) takes \(.*\) us$/plan\t\1\t\2\t\3\t\4/p'
  cat "$bundle"/cache/alexnet/cudnn-*.json >"$OUT/plans.json"
  if [ "$(cat "$log.status")" -ne 0 ] || ! grep -q ' candidate ' "$log"; then
    tail -n 20 "$log"
    return 1
  fi
}

machine () {
  printf 'date\t%s\n' "$(date -u +%F)"
  [ -n "$dry" ] || nvidia-smi \
    --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem \
    --format=csv,noheader | sed 's/^/gpu\t/'
}

# Those of each precision at once, as most of their time is the CPU's.
parity () {
  groups='fp16 int8 fp32 tf32 bf16 precisions'
  [ -z "$dry" ] || groups=fp16/pixels
  step 'the module runs' has_gpu
  [ $failed -eq 0 ] || return
  start formats "$bundle/bin/test-gpu-formats" /gpu/formats
  start context "$bundle/bin/test-gpu-context" /gpu/context
  tests=$bundle/bin/test-backend-cudnn
  all=$(ours "$tests" -l)
  for group in $groups; do
    # shellcheck disable=SC2046
    start "$group" "$tests" \
      $(echo "$all" | grep -E "^/backend/cudnn/$group(/|\$)")
  done
  step 'every format against the CPU' proves formats
  step 'a context of somebody else' proves context
  for group in $groups; do
    step "layers and networks against the reference, $group" proves "$group"
  done
}

element () {
  step 'labels of the sample clip' same_labels
  step 'frames in CUDA memory' for_gpu cuda_memory
  step '16 streams, one engine' many_streams
}

# A precision that fails ends those behind it. PyTorch looks for plans too, each
# time, and may take all that is left.
speed () {
  step 'time of a batch' measure speed fp16 bf16 tf32 int8
  step 'weights in the L2 cache and not' measure l2 fp16 bf16 tf32 int8
  step 'frames through the engine' measure frames fp16 bf16 tf32 int8
  step 'time in PyTorch' for_gpu baseline
}

sanitize () {
  own='kernel_substring=alexnet_'
  step 'memcheck' for_gpu check_access memcheck --kernel-name $own
  step 'racecheck' for_gpu check_access racecheck --kernel-name $own
  step "memcheck of the libraries' kernels" for_gpu check_access memcheck
}

# stage NAME: in a process that is ended when its time is up.
stage () {
  echo "=== $1"
  machine
  case $1 in
    plans)
      rm -rf "$bundle/cache"
      for precision in fp16 bf16 tf32 int8; do
        step "the time of every plan, $precision" plans $precision
      done ;;
    profile) step 'the time of each operation' measure profile fp16 tf32 int8 ;;
    *) "$1" ;;
  esac
  echo "== $1: $passed passed, $failed failed, $skipped skipped"
}

table () {
  # shellcheck disable=SC2046
  cat $(for name in $stages; do ls "$OUT/$name.txt"; done 2>/dev/null) |
    awk -f "$root/tests/gpu/table.awk" >"$OUT/RESULTS.md"
}

# What was running is in logs that have no status.
cut_short () {
  find "$work" -name '*.log' | while read -r log; do
    [ -s "$log.status" ] || tail -n 20 "$log" | grep -v DEBUG
  done
  echo "== $1: 0 passed, 1 failed, 0 skipped (it did not come to its end)"
}

# run_stage NAME: what it says goes to a file too, line by line. When its time
# is up all of its processes are killed: one that is left has tee wait for it.
run_stage () {
  limit=180
  [ "$1" != parity ] || limit=240
  mkdir -p "$OUT"
  timeout -s KILL "${STAGE_LIMIT:-$limit}" sh "$0" --inside "$1" 2>&1 |
    tee "$OUT/$1.txt"
  tail -n 1 "$OUT/$1.txt" | grep -q "^== $1: " ||
    cut_short "$1" | tee -a "$OUT/$1.txt"
  table
}

if [ "${1-}" = --inside ]; then
  stage "$2"
  exit
fi
for name; do
  case " $stages " in
    *" $name "*) ;;
    *)
      echo "run.sh: no stage $name; there are: $stages" >&2
      exit 2 ;;
  esac
done
work=$(mktemp -d)
export work OUT
trap 'rm -rf "$work"' EXIT
[ -z "$dry" ] || echo 'A dry run on the software device: nothing about a GPU.'
[ $# -gt 0 ] || eval "set -- $stages"
for name; do
  run_stage "$name"
done
for name; do
  tail -n 1 "$OUT/$name.txt"
done | awk '{ passed += $3; failed += $5; skipped += $7 }
  END { print passed " passed, " failed " failed, " skipped " skipped"
        exit failed > 0 }'
