#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What `meson install` brings works from where it was installed: built as
# distributions build, from a tree and in folders of other names than usual.
# Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"

tree="$work/it's a tree ä"
prefix=$work/prefix
libdir=$prefix/libraries
bindir=$prefix/programs
datadir=$prefix/data/all
export GST_REGISTRY="$work/registry"
unset ALEXNET_MODEL ALEXNET_DATA_DIR GST_PLUGIN_PATH
export XDG_DATA_HOME="$work" XDG_DATA_DIRS="$datadir"

install_tree () {
  mkdir "$tree" &&
    (cd "$root" && cp -r meson.build meson_options.txt engine gst pipelines \
      tests "$tree") &&
    cd "$tree" || return
  CFLAGS='-g -O2' meson setup build --buildtype plain \
    --prefix "$prefix" --libdir libraries --bindir programs --includedir headers \
    --datadir data/all --mandir manuals -Dpkgconfig.relocatable=true \
    -Dwerror=true -Dtests=disabled -Dcuda-archs=75 &&
    ninja -C "$tree/build" install
}

# Loops over pixels are, whatever CFLAGS say of the rest.
fast () {
  same 4 "$(grep -c '"command": .* -O2 .* -O3 .*/preprocess/' \
    "$tree/build/compile_commands.json")"
}

files () {
  for file in "$libdir/libalexnet.so" "$prefix/headers/alexnet/alexnet.h" \
    "$libdir/pkgconfig/alexnet.pc" "$libdir/gstreamer-1.0/libgstalexnet.so" \
    "$bindir/alexnet-inspect" "$bindir/alexnet-batch" \
    "$datadir/alexnet/alexnet-cifar10.safetensors" \
    "$datadir/alexnet/classificationjson.schema.json" \
    "$prefix/manuals/man1/alexnet-inspect.1" \
    "$prefix/manuals/man1/alexnet-batch.1"; do
    [ -f "$file" ] || {
      echo "$file is missing"
      return 1
    }
  done
}

element () {
  GST_PLUGIN_PATH=$libdir/gstreamer-1.0 gst-inspect-1.0 alexnetclassify \
    >"$work/out" || return 1
  grep -F "$libdir/gstreamer-1.0/libgstalexnet.so" "$work/out"
}

# The demonstration model is found without being named, and nothing that lies
# beside it is taken for another.
pipeline () {
  GST_PLUGIN_PATH=$libdir/gstreamer-1.0 gst-launch-1.0 -m \
    filesrc location="$sample" ! decodebin3 \
    ! videoconvert ! alexnetclassify ! fakesink >"$work/out" || return 1
  same 0 "$(grep -c "(warning)" "$work/out")" &&
    same 10 "$(grep -c 'alexnet-classification' "$work/out")"
}

inspect () {
  "$bindir/alexnet-inspect" summary | grep '1,606,874'
}

batch () {
  export GST_PLUGIN_PATH="$libdir/gstreamer-1.0"
  "$bindir/alexnet-batch" -o "$work/results" \
    "$root/pipelines/media/overlay.png" &&
    same 1 "$(cat "$work/results"/*/*.jsonl | grep -c .)" &&
    "$bindir/alexnet-batch" report "$work/results" -o "$work/page.html" &&
    grep 'overlay.png' "$work/page.html"
}

program () {
  cat >"$work/program.c" <<'C'
#include <alexnet.h>

int
main (void)
{
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = alexnet_model_load_default (NULL, NULL, &error);

  if (!model)
    g_error ("%s", error->message);
  g_print ("%u classes\n", alexnet_model_get_n_classes (model));
  alexnet_model_unref (model);
  return 0;
}
C
  export PKG_CONFIG_PATH="$libdir/pkgconfig"
  # shellcheck disable=SC2046,SC2086
  ${CC:-gcc} -Wall -Werror -o "$work/program" "$work/program.c" \
    $(pkg-config --cflags --libs alexnet) || return 1
  same '10 classes' "$(LD_LIBRARY_PATH=$libdir "$work/program")"
}

# moved COMMAND...: with all that was installed in another place, which links
# lead to.
moved () {
  mv "$prefix" "$work/moved" && mkdir "$work/linked" &&
    ln -s "$work/moved"/* "$work/moved/programs"/* "$work/linked" &&
    (
      libdir=$work/linked/libraries
      bindir=$work/linked
      export XDG_DATA_DIRS="$work/none"
      "$@"
    )
  found=$?
  rm -r "$work/linked"
  mv "$work/moved" "$prefix" && return $found
}

# Of a backend that is a module only that it is found.
inspect_moved () {
  inspect || return 1
  [ ! -d "$libdir/alexnet" ] ||
    ! "$bindir/alexnet-inspect" check -b cudnn 2>&1 |
      grep 'is not installed'
}

# What Python has compiled stays.
uninstall () {
  ninja -C "$tree/build" uninstall &&
    same '' "$(find "$prefix" -type f ! -name '*.pyc')"
}

check 'meson install' install_tree
check 'optimised loops' fast
check 'all files' files
check 'gst-inspect-1.0' element
check 'a pipeline' pipeline
check 'alexnet-inspect' inspect
check 'alexnet-batch' batch
check 'a program made with pkg-config' program
rm -r "$work/results"
check 'moved: a pipeline' moved pipeline
check 'moved: alexnet-inspect' moved inspect_moved
check 'moved: alexnet-batch' moved batch
check 'moved: pkg-config' moved program
check 'ninja uninstall' uninstall
done_testing
