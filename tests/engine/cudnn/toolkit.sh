#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# -Dcuda-root alone says what the module is compiled with and linked to: in a
# toolkit's layout and in that of Python's packages, another nvcc being first on
# PATH. Takes from the environment NVCC, CUDA_INCLUDE and CUDA_LIBS (a
# colon between folders) of the toolkit that was found. Prints TAP.
set -u
. "$(dirname "$0")/../../pipelines/tap.sh"
root=$(dirname "$root")

# link FILE... FOLDER
link () {
  for last; do :; done
  mkdir -p "$last" && ln -s "$@"
}

# What compiles leaves a trace.
make_nvcc () {
  mkdir -p "$1"
  printf '#!/bin/sh\necho "$@" >>"%s/trace"\nexec "%s" "$@"\n' "$1" "$NVCC" \
    >"$1/nvcc"
  chmod +x "$1/nvcc"
}

# libraries NAME...: their files, with the number that programs ask for
libraries () {
  for lib; do
    (IFS=:; for folder in $CUDA_LIBS; do
      ls "$folder/lib$lib".so.[0-9] "$folder/lib$lib".so.[0-9][0-9]
    done) 2>/dev/null | head -n 1
  done
}

make_toolkit () {
  make_nvcc "$work/toolkit/bin"
  ln -s "$CUDA_INCLUDE" "$work/toolkit/include"
  link $(libraries cudart cublasLt cudnn) "$work/toolkit/lib64"
  for lib in cudart cublasLt cudnn; do
    (cd "$work/toolkit/lib64" && ln -s "lib$lib".so.* "lib$lib.so")
  done
}

make_packages () {
  packages=$work/nvidia
  make_nvcc "$packages/cu13/bin"
  link "$CUDA_INCLUDE"/* "$packages/cu13/include"
  mkdir -p "$packages/cudnn/include"
  mv "$packages/cu13/include"/cudnn* "$packages/cudnn/include"
  link $(libraries cudart cublasLt) "$packages/cu13/lib"
  link $(libraries cudnn) "$packages/cudnn/lib"
}

# builds NAME ROOT LIBS...: a module from ROOT, which looks for libraries in LIBS
builds () {
  build=$work/build-$1
  root_dir=$2
  meson setup "$build" "$root" --buildtype=plain -Dcuda=enabled \
    -Dcuda-root="$root_dir" -Dcuda-archs=75 -Donednn=disabled \
    -Dtests=disabled -Dtools=disabled &&
    ninja -C "$build" engine/cudnn/backend-cudnn.so || return 1
  grep -q 'kernels\.cu' "$root_dir/bin/trace" ||
    { echo 'another nvcc compiled'; return 1; }
  same "$3" "$(readelf -d "$build/engine/cudnn/backend-cudnn.so" |
    sed -n 's/.*R[UN]*PATH.*\[\(.*\)\]/\1/p')" &&
    loads "$build/engine/cudnn/backend-cudnn.so" "$3"
}

# loads MODULE LIBS: each of the three from one of LIBS
loads () {
  for lib in cudart cublasLt cudnn; do
    file=$(ldd "$1" | sed -n "s/.*lib$lib\.so\.[0-9]* => \([^ ]*\).*/\1/p")
    case ":$2:" in
      *":$(dirname "$file"):"*) ;;
      *) echo "$lib is $file"; return 1 ;;
    esac
  done
}

unknown () {
  ! meson setup "$work/build-unknown" "$root" -Dcuda=enabled \
    -Dcuda-root="$work/toolkit" -Dcuda-archs=75,74 >"$work/out" &&
    grep "cuda-archs: no 74 among what $work/toolkit/bin/nvcc knows" "$work/out"
}

mkdir -p "$work/bin"
printf '#!/bin/sh\necho "the nvcc of PATH"\nexit 1\n' >"$work/bin/nvcc"
chmod +x "$work/bin/nvcc"
PATH=$work/bin:$PATH
unset LD_LIBRARY_PATH
make_toolkit && make_packages || exit 1

check 'a toolkit that is not on PATH' \
  builds toolkit "$work/toolkit" "$work/toolkit/lib64"
check "Python's packages, whose libraries have only their numbers" \
  builds packages "$work/nvidia/cu13" \
  "$work/nvidia/cu13/lib:$work/nvidia/cudnn/lib"
check 'a device that nvcc does not know' unknown
done_testing
