#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A build without any of the parts that can be left out, and what meson says
# where one is wanted and its package is missing. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"

dest=$work/dest/usr
plugins=$dest/lib/gstreamer-1.0
export GST_REGISTRY="$work/registry" XDG_DATA_HOME="$work"
unset ALEXNET_MODEL ALEXNET_DATA_DIR ALEXNET_BACKEND_DIR

# As who makes a package of it.
install_it () {
  meson setup --prefix /usr --libdir lib --buildtype release -Db_ndebug=true \
    -Dwerror=true -Dauto_features=disabled "$work/build" "$root" &&
    DESTDIR=$work/dest ninja -C "$work/build" install
}

files () {
  same 'bin/alexnet-batch
include/alexnet/alexnet.h
lib/gstreamer-1.0/libgstalexnet.so
lib/libalexnet.so
lib/pkgconfig/alexnet.pc
share/alexnet/alexnet-cifar10.safetensors
share/alexnet/classificationjson.schema.json
share/man/man1/alexnet-batch.1' "$(cd "$dest" &&
    find . -type f -o -name '*.so' | sed 's/^..//' |
    grep -v -e '^share/alexnet-batch/' -e '\.so\.' | LC_ALL=C sort)"
}

elements () {
  same 'alexnetclassify classificationjson' "$(gst-inspect-1.0 \
    "$plugins/libgstalexnet.so" | sed -n 's/^  \([a-z]*\): .*/\1/p' | xargs)"
}

# classify WORD...: one picture of each second of the clip.
classify () {
  GST_PLUGIN_PATH=$plugins timeout -k 5 120 gst-launch-1.0 "$@" \
    filesrc location="$sample" ! decodebin \
    ! videoconvert ! alexnetclassify inference-interval=25 ! fakesink \
    >"$work/out" || return 1
  cat "$work/out"
}

# Whoever did not ask for plain C is told of it, and what there is instead.
reference () {
  classify -m &&
    grep '^backend reference is .* slow; passed over: cudnn: .*; cpu: not in ' \
      "$work/out" &&
    same 10 "$(grep -c 'alexnet-classification, .*backend=(string)reference' \
      "$work/out")"
}

no_cpu () {
  ! GST_PLUGIN_PATH=$plugins gst-launch-1.0 videotestsrc num-buffers=1 \
    ! alexnetclassify backend=cpu ! fakesink 2>"$work/errors" &&
    grep "backend 'cpu' is not in this build; it has: cudnn, reference" \
      "$work/errors"
}

batch () {
  GST_PLUGIN_PATH=$plugins "$dest/bin/alexnet-batch" -o "$work/results" \
    "$root/pipelines/media/overlay.png" &&
    same 1 "$(cat "$work/results"/*/*.jsonl | grep -c .)"
}

# without MODULE...: what pkg-config is to see, without these.
without () {
  rm -rf "$work/modules"
  mkdir "$work/modules"
  for dir in $(pkg-config --variable pc_path pkg-config | tr : ' '); do
    for file in "$dir"/*.pc; do
      [ ! -f "$file" ] || cp "$file" "$work/modules"
    done
  done
  for module; do
    rm -f "$work/modules/$module.pc"
  done
}

# configure STATUS SETUP_OPTION...: with these modules alone.
configure () {
  expected=$1
  shift
  rm -rf "$work/other"
  PKG_CONFIG_LIBDIR=$work/modules exits "$expected" meson setup \
    -Dcuda=disabled "$@" "$work/other" "$root"
}

# lacks MODULE PACKAGE: meson said so.
lacks () {
  grep -A 1 "dependency $1 found: NO" "$work/out" |
    grep "^Message: in Debian it is of $2[,;]" &&
    grep "^[a-z]* *$2\$" "$root/pipelines/packages.txt"
}

# What is found is built, and what is not is named.
auto () {
  without gstreamer-analytics-1.0 pangocairo rdkafka gdk-pixbuf-2.0 libjpeg \
    gstreamer-check-1.0 || return
  configure 0 && lacks gstreamer-analytics-1.0 libgstreamer-plugins-bad1.0-dev &&
    lacks pangocairo libpango1.0-dev && lacks rdkafka librdkafka-dev &&
    lacks gdk-pixbuf-2.0 libgdk-pixbuf-2.0-dev &&
    lacks libjpeg libjpeg-dev && lacks gstreamer-check-1.0 libgstreamer1.0-dev &&
    same 4 "$(grep -cE '(inspect|analytics|kafka|overlay) *: NO' "$work/out")"
}

wanted () {
  configure 1 -Dkafka=enabled && lacks rdkafka librdkafka-dev &&
    grep 'ERROR: Dependency "rdkafka" not found' "$work/out"
}

needed () {
  without gstreamer-1.0 && configure 1 -Dauto_features=disabled &&
    lacks gstreamer-1.0 libgstreamer1.0-dev
}

check 'meson install' install_it
check 'nothing more is installed' files
check 'gst-inspect-1.0' elements
check 'auto ends at reference and says so' reference
check 'backend=cpu is an error' no_cpu
check 'alexnet-batch' batch
check 'what is missing is named' auto
check 'what is wanted and missing is an error' wanted
check 'what is always needed and missing is named' needed
done_testing
