#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Gathers in build-gpu/ all that tests/gpu/run.sh needs on a machine that has a
# GPU, CUDA and cuDNN but neither compiler nor GStreamer: our build and, from
# this machine's packages, GStreamer with what plays the sample clip and
# decodes it on the GPU. Carry build-gpu/ there together with the sources.
#
#     sh tests/gpu/bundle.sh [TREE OUT]
#
# takes what was built in TREE and writes to OUT; without them it builds, which
# needs what the build needs, for the devices in ARCHS, by default an H200 (90).
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
tree=${1:-$root/build-gpu-tree}
out=${2:-$root/build-gpu}
limit=64

say () {
  echo "bundle.sh: $*"
}

fail () {
  say "$*" >&2
  exit 1
}

# needs FILE...: the shared libraries that they load, but those that belong to
# the C and C++ libraries or come with CUDA.
needs () {
  ldd "$@" 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' |
    grep -vE '/(libc|libm|libmvec|libresolv|libdl|libpthread|librt|libstdc\+\+|libgcc_s|ld-linux[^/]*)\.so' |
    grep -vE '/libcu(dart|blas|blasLt|dnn)[^/]*\.so' | sort -u
}

build () {
  [ -d "$tree" ] ||
    meson setup "$tree" "$root" --buildtype=release -Dcuda=enabled \
      -Donednn=disabled -Dkafka=disabled -Dcuda-archs="${ARCHS:-90}"
  meson compile -C "$tree"
}

[ $# -gt 0 ] || build
[ -f "$tree/engine/cudnn/backend-cudnn.so" ] || fail 'the module is not built'

rm -rf "$out"
mkdir -p "$out/bin" "$out/lib" "$out/plugins" "$out/gpu-plugins"
cp -L "$tree/engine/libalexnet.so.0" "$tree/engine/cudnn/backend-cudnn.so" \
  "$out/lib"
cp "$tree/gst/libgstalexnet.so" "$out/plugins"
for program in engine/tools/alexnet-inspect tests/engine/test-backend-cudnn \
  tests/gpu/test-gpu-formats tests/gpu/test-gpu-context tests/gpu/gpu-bench; do
  cp "$tree/$program" "$out/bin"
done

libdir=$(pkg-config --variable=libdir gstreamer-1.0)
for name in coreelements playback typefindfunctions matroska vpx \
  videoconvertscale videotestsrc; do
  cp "$libdir/gstreamer-1.0/libgst$name.so" "$out/plugins"
done
for name in videoparsersbad nvcodec; do
  if [ -f "$libdir/gstreamer-1.0/libgst$name.so" ]; then
    cp "$libdir/gstreamer-1.0/libgst$name.so" "$out/gpu-plugins"
  else
    say "no plugin $name here (gstreamer1.0-plugins-bad): nothing is decoded" \
      'on the GPU'
  fi
done
cp "$(command -v gst-launch-1.0)" "$(command -v gst-inspect-1.0)" "$out/bin"
scanner=$(pkg-config --variable=pluginscannerdir gstreamer-1.0)
cp "$scanner/gst-plugin-scanner" "$out/bin"

needs "$out"/bin/* "$out"/*plugins/*.so "$out"/lib/*.so* | while read -r file; do
  [ -f "$out/lib/$(basename "$file")" ] || cp -L "$file" "$out/lib"
done
strip --strip-unneeded "$out"/bin/* "$out"/*plugins/*.so "$out"/lib/*.so*

# There is no encoder for it in the bundle.
gst-launch-1.0 -q filesrc location="$root/pipelines/media/sample.webm" \
  ! decodebin ! videoconvert ! video/x-raw,format=I420 \
  ! x264enc speed-preset=ultrafast threads=1 ! video/x-h264,profile=baseline \
  ! h264parse ! video/x-h264,stream-format=byte-stream \
  ! filesink location="$out/sample.h264" || {
  rm -f "$out/sample.h264"
  say 'no H.264 sample: x264enc (gstreamer1.0-plugins-ugly) does not work here'
}

# A TREE may have oneDNN and librdkafka, which the build above leaves out, and
# what that needs. The sources travel too.
size=$(printf 'lib%s.*\n' dnnl rdkafka crypto ssl sasl2 lz4 zstd |
  du -sm --exclude-from=- "$out" | cut -f 1)
sources=$(du -sm --exclude=.git --exclude='build*' "$root" | cut -f 1)
say "$out holds $size MB, the sources $sources MB"
[ $((size + sources)) -le "$limit" ] || fail "that is more than $limit MB"
