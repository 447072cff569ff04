#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Gathers in build-gpu/ all that tests/gpu/run.sh needs on a machine that has a
# GPU, CUDA and cuDNN but neither compiler nor GStreamer: our build and, from
# this machine's packages, GStreamer with what plays the sample clip. Carry
# build-gpu/ there together with the sources. Needs what the build needs.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
out=$root/build-gpu
tree=$root/build-gpu-tree
limit=50

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
    grep -vE '/(libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s|ld-linux[^/]*)\.so' |
    grep -vE '/libcu(dart|blas|blasLt|dnn)[^/]*\.so' | sort -u
}

[ -d "$tree" ] ||
  meson setup "$tree" "$root" --buildtype=release -Dcuda=enabled \
    -Donednn=disabled
meson compile -C "$tree"
[ -f "$tree/engine/cudnn/backend-cudnn.so" ] || fail 'the module is not built'

rm -rf "$out"
mkdir -p "$out/bin" "$out/lib" "$out/plugins"
cp -L "$tree/engine/libalexnet.so.0" "$tree/engine/cudnn/backend-cudnn.so" \
  "$out/lib"
cp "$tree/gst/libgstalexnet.so" "$out/plugins"
for program in engine/tools/alexnet-inspect tests/engine/test-backend-cudnn \
  tests/gpu/test-gpu-formats tests/gpu/gpu-bench; do
  cp "$tree/$program" "$out/bin"
done

libdir=$(pkg-config --variable=libdir gstreamer-1.0)
for name in coreelements playback typefindfunctions matroska vpx \
  videoconvertscale videotestsrc; do
  cp "$libdir/gstreamer-1.0/libgst$name.so" "$out/plugins"
done
cp "$(command -v gst-launch-1.0)" "$(command -v gst-inspect-1.0)" "$out/bin"
scanner=$(pkg-config --variable=pluginscannerdir gstreamer-1.0)
cp "$scanner/gst-plugin-scanner" "$out/bin"

needs "$out"/bin/* "$out"/plugins/*.so "$out"/lib/*.so* | while read -r file; do
  [ -f "$out/lib/$(basename "$file")" ] || cp -L "$file" "$out/lib"
done
strip --strip-unneeded "$out"/bin/* "$out"/plugins/*.so "$out"/lib/*.so*

size=$(du -sm "$out" | cut -f 1)
say "build-gpu/ holds $size MB"
[ "$size" -le "$limit" ] || fail "that is more than $limit MB"
