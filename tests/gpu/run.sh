#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Everything that only a GPU can prove, on a machine that has one, CUDA and
# cuDNN (a PyTorch environment brings it), with build-gpu/ as bundle.sh made it:
#
#     sh tests/gpu/run.sh [RESULTS]
#
# Right results first, then speed beside PyTorch; the table goes to RESULTS too
# (default: build-gpu/RESULTS.md). QUICK=1 leaves the speed out. Ends with
# "N passed, N failed, N skipped"; exit status 1 when something failed.
#
# SOFTGPU=DIRECTORY, of the software device's libraries, is a dry run, which
# tries this script and nothing else: little of each step, and some of them
# skipped. BUNDLE= is another folder than build-gpu/.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
bundle=${BUNDLE:-$root/build-gpu}
dry=${SOFTGPU:-}
results=${1:-$bundle/RESULTS.md}
model=$root/pipelines/models/alexnet-cifar10.safetensors
clip=$root/pipelines/media/sample.webm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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

# ours COMMAND...: with the bundle's libraries; python must not see them.
ours () {
  LD_LIBRARY_PATH=$libraries ALEXNET_BACKEND_DIR=$bundle/lib \
    ALEXNET_TEST_DATA=$root/tests/data XDG_CACHE_HOME=$work/cache \
    ALEXNET_TEST_MODELS=$root/pipelines/models ALEXNET_MODEL=$model \
    GST_PLUGIN_SYSTEM_PATH=$bundle/plugins GST_REGISTRY=$work/registry \
    GST_PLUGIN_SCANNER=$bundle/bin/gst-plugin-scanner "$@"
}

# step NAME COMMAND...: 77 = skipped.
step () {
  name=$1
  shift
  echo "== $name"
  "$@"
  case $? in
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

# A test that skips itself here has not proved anything.
proves () {
  ours "$@" >"$work/log" 2>&1
  status=$?
  grep -v DEBUG "$work/log" | tail -n 200
  [ $status -eq 0 ] && grep -q '^ok ' "$work/log" &&
    ! grep -q '^ok .*# SKIP' "$work/log"
}

has_gpu () {
  ours "$bundle/bin/alexnet-inspect" check --backend=cudnn "$model"
}

against_reference () {
  tests=/backend/cudnn
  [ -z "$dry" ] || tests=/backend/cudnn/fp16/pixels
  proves "$bundle/bin/test-backend-cudnn" -p "$tests"
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
  [ -s "$work/expected" ] && cmp "$work/expected" "$work/found" &&
    echo "$1: $(wc -l <"$work/found") frames, all labels equal"
}

same_labels () {
  play="filesrc location=$clip ! decodebin3 ! videoconvert"
  labels "$play" -- backend=reference >"$work/expected" || return 1
  for precision in fp32 tf32 fp16 bf16; do
    labels "$play" -- backend=cudnn precision=$precision >"$work/found" &&
      expect_labels $precision || return 1
  done
}

# Frames that the GPU has decoded, where they lie and by way of host memory.
cuda_memory () {
  sample=$bundle/sample.h264
  [ -f "$sample" ] || {
    echo 'skipped: bundle.sh made no H.264 sample'
    return 77
  }
  ours "$bundle/bin/gst-inspect-1.0" --exists nvh264dec || {
    echo 'skipped: no nvh264dec; it needs the plugin nvcodec in the bundle and' \
      'libnvcuvid.so.1 of the driver'
    return 77
  }
  play="filesrc location=$sample ! h264parse ! nvh264dec"
  labels "$play ! video/x-raw" -- backend=cudnn >"$work/expected" &&
    labels "$play ! video/x-raw(memory:CUDAMemory)" -- backend=cudnn \
      >"$work/found" && expect_labels CUDAMemory
}

many_streams () {
  set --
  i=0
  n_frames=100
  max_batch=16
  [ -z "$dry" ] || {
    n_frames=1
    max_batch=2
  }
  while [ $i -lt 64 ]; do
    set -- "$@" videotestsrc num-buffers=$n_frames pattern=$((i % 20)) \
      ! video/x-raw,format=NV12,width=640,height=360 \
      ! alexnetclassify backend=cudnn max-batch-size=$max_batch ! fakesink
    i=$((i + 1))
  done
  ours timeout 300 "$bundle/bin/gst-launch-1.0" -q "$@"
}

sanitize () {
  tool=$(command -v compute-sanitizer ||
    ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null) || {
    echo 'skipped: there is no compute-sanitizer'
    return 77
  }
  # Pixels and batches; earlier steps have cached the plans.
  ours "$tool" --tool "$1" --error-exitcode 9 \
    "$bundle/bin/gst-launch-1.0" -q videotestsrc num-buffers=12 \
    ! video/x-raw,format=NV12,width=320,height=240 \
    ! alexnetclassify backend=cudnn max-batch-size=4 ! fakesink
}

# The figures of a dry run mean nothing and are not shown.
try_speed () {
  ours "$bundle/bin/gpu-bench" --trial >"$work/ours" &&
    awk -f "$root/tests/gpu/table.awk" "$work/ours" >"$work/table" || return 1
  [ "$(grep -c '^| [fbt]' "$work/table")" = 8 ] && for_gpu false
}

speed () {
  [ -z "$dry" ] || {
    try_speed
    return
  }
  ours "$bundle/bin/gpu-bench" >"$work/ours" || return 1
  python3 "$root/tests/gpu/baseline.py" graph fused s2d compile \
    >"$work/theirs" || echo 'PyTorch failed' >>"$work/theirs"
  {
    echo '# On a GPU'
    echo
    nvidia-smi --query-gpu=name,driver_version,clocks.max.sm --format=csv,noheader
    date -u +%F
    echo
    cat "$work/ours" "$work/theirs" | awk -f "$root/tests/gpu/table.awk"
  } | tee "$results"
}

[ -z "$dry" ] || echo 'A dry run on the software device: nothing about a GPU.'
step 'the module runs' has_gpu
if [ $failed -eq 0 ]; then
  step 'layers and networks against the reference' against_reference
  step 'every format against the CPU' proves "$bundle/bin/test-gpu-formats"
  step 'labels of the sample clip' same_labels
  step 'frames in CUDA memory' for_gpu cuda_memory
  step '64 streams, one engine' many_streams
  step 'memcheck' for_gpu sanitize memcheck
  step 'racecheck' for_gpu sanitize racecheck
  [ "${QUICK:-0}" = 1 ] || step 'speed' speed
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
