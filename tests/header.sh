#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The public header compiles alone, as C and as C++. Prints TAP.
#
# shellcheck disable=SC2086
set -u

cd "$(dirname "$0")/../engine" || exit 1
flags="-Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags glib-2.0)"
n=0

# alone COMPILER LANGUAGE STANDARD
alone () {
  n=$((n + 1))
  if ! command -v "$1" >/dev/null; then
    echo "ok $n $3 # SKIP no $1"
  elif echo '#include "alexnet.h"' |
    "$1" -x "$2" -std="$3" -I. $flags -fsyntax-only -; then
    echo "ok $n $3"
  else
    echo "not ok $n $3"
  fi
}

alone "${CC:-gcc}" c c11
alone "${CXX:-g++}" c++ c++17
echo "1..$n"
