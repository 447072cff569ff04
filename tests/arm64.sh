#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the engine for arm64 and runs those of its tests that an emulated
# processor gets through in a minute or two, on this machine:
#     sh tests/arm64.sh          in build/arm64
#     sh tests/arm64.sh --make   only makes the root with libraries (root.sh)
# Where that cannot be, the last line says "SKIP: reason" and the exit status is
# 77.
set -eu
. "$(dirname "$0")/root.sh"

tests='backend-linear calibration engine hostile int8-winograd kernels labels
  model network pickle plan-cache pool preprocess-isa preprocess-pillow torch-old
  winograd'

# What the build links.
packages () {
  {
    echo libc6-dev
    awk '$1 ~ /^(build|full)$/ && $2 ~ /^lib.*-dev$/ { print $2 }' \
      "$tree/pipelines/packages.txt"
  } | sort -u
}

# Meson's description of how to compile for it and run what comes out.
write_cross_file () {
  libraries=$root/usr/lib/aarch64-linux-gnu
  cat <<EOF
[binaries]
c = 'aarch64-linux-gnu-gcc'
cpp = 'aarch64-linux-gnu-g++'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['$emulator', '-L', '$root', '-E',
  'LD_LIBRARY_PATH=$libraries:$root/lib/aarch64-linux-gnu:$libraries/blas:$libraries/lapack']

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
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
EOF
}

command -v aarch64-linux-gnu-gcc >/dev/null || skip 'no compiler for arm64'
emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64) ||
  skip 'no qemu-aarch64'
. /etc/os-release
need_root arm64 "$VERSION_CODENAME" "$(packages)" --variant=extract \
  --architectures=arm64
[ "${1-}" != --make ] || exit 0
cd "$tree"
mkdir -p build
write_cross_file >build/arm64.new
cmp -s build/arm64.new build/arm64.ini || rm -rf build/arm64
mv build/arm64.new build/arm64.ini
export TESTED_ONLY=1
# shellcheck disable=SC2086
exec sh tests/build.sh arm64 --cross-file=build/arm64.ini -Dcuda=disabled -- \
  $tests
