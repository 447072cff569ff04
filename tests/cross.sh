#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the engine for another processor and runs those of its tests that get
# through in a minute or two, on this machine:
#     sh tests/cross.sh ARCH          in build/ARCH
#     sh tests/cross.sh ARCH --make   only makes the root with libraries (root.sh)
# ARCH, as Debian calls it:
#     arm64   emulated
#     i386    with sizes of 32 bits, which an x86-64 runs itself
#     armhf   the same, emulated
#     s390x   big-endian, emulated
# All but arm64 are without oneDNN; the last two are not in run.sh.
# Where that cannot be, the last line says "SKIP: reason" and the exit status is
# 77.
set -eu
. "$(dirname "$0")/root.sh"

tests='backend-linear calibration engine hostile int8-winograd kernels labels
  model network pickle plan-cache pool preprocess-isa preprocess-pillow torch-old
  winograd'
formats='caffe calibration engine file hostile labels model network onnx-external
  onnx-refused pickle plan-cache safetensors-index tensor torch torch-refused
  wire'

# What the build links.
packages () {
  {
    echo libc6-dev
    awk -v but="$but" \
      '$1 ~ /^(build|full)$/ && $2 ~ /^lib.*-dev$/ && $2 != but { print $2 }' \
      "$tree/pipelines/packages.txt"
  } | sort -u
}

# Meson's description of how to compile for it and run what comes out.
write_cross_file () {
  libraries=$root/usr/lib/$multiarch
  path=$libraries:$root/lib/$multiarch:$libraries/blas:$libraries/lapack
  case $emulator in
    *qemu*) wrapper="'$emulator', '-L', '$root', '-E', 'LD_LIBRARY_PATH=$path'" ;;
    *) wrapper="'$root/lib/$emulator', '--library-path', '$path'" ;;
  esac
  cat <<EOF
[binaries]
c = '$triplet-gcc'
cpp = '$triplet-g++'
ar = '$triplet-ar'
strip = '$triplet-strip'
pkgconfig = 'pkg-config'
exe_wrapper = [$wrapper]

[properties]
sys_root = '$root'
pkg_config_libdir = '$libraries/pkgconfig:$root/usr/share/pkgconfig'
needs_exe_wrapper = true

[built-in options]
c_args = ['--sysroot=$root']
cpp_args = ['--sysroot=$root']
c_link_args = ['--sysroot=$root', '-Wl,--allow-shlib-undefined']
cpp_link_args = ['--sysroot=$root', '-Wl,--allow-shlib-undefined']

[host_machine]
system = 'linux'
cpu_family = '$family'
cpu = '$family'
endian = '$endian'
EOF
}

find_qemu () {
  emulator=$(command -v "qemu-$1-static" || command -v "qemu-$1") ||
    skip "no qemu-$1"
}

but=libdnnl-dev
endian=little
arch=${1-}
case $arch in
  arm64) but='' triplet=aarch64-linux-gnu family=aarch64 ;;
  armhf) tests=$formats triplet=arm-linux-gnueabihf family=arm ;;
  i386) tests=$formats triplet=i686-linux-gnu family=x86 ;;
  s390x) tests=$formats triplet=s390x-linux-gnu family=s390x endian=big ;;
  *) usage ;;
esac
multiarch=$triplet
command -v $triplet-gcc >/dev/null || skip "no compiler for $arch"
case $arch in
  i386)
    multiarch=i386-linux-gnu emulator=ld-linux.so.2
    [ "$(uname -m)" = x86_64 ] || skip 'no processor for i386' ;;
  *) find_qemu $family ;;
esac
. /etc/os-release
need_root "$arch" "$VERSION_CODENAME" "$(packages)" --variant=extract \
  --architectures="$arch"
[ "$arch" != i386 ] || "$root/lib/$emulator" --version >/dev/null 2>&1 ||
  skip 'this kernel runs nothing for i386'
[ "${2-}" != --make ] || exit 0
cd "$tree"
mkdir -p build
write_cross_file >"build/$arch.new"
cmp -s "build/$arch.new" "build/$arch.ini" || rm -rf "build/$arch"
mv "build/$arch.new" "build/$arch.ini"
export TESTED_ONLY=1
# shellcheck disable=SC2086
exec sh tests/build.sh "$arch" --cross-file="build/$arch.ini" -Dcuda=disabled -- \
  $tests
