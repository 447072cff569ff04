#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What test-cudnn-plans tests, with the newest cuDNN of Python's packages in
# place of the one that it was built with. They are kept, with 1 GB, in
# ${XDG_CACHE_HOME:-~/.cache}/alexnetclassify/cudnn.
#     newest.sh PROGRAM
# Prints TAP.
set -u
. "$(dirname "$0")/../../pipelines/tap.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/alexnetclassify
pip=$cache/cudnn/bin/pip
log=$work/pip.log

install_newest () {
  [ -x "$pip" ] || /usr/bin/python3 -m venv "$cache/cudnn" || return
  timeout 600 "$pip" install -q -U --no-deps --no-cache-dir \
    --disable-pip-version-check nvidia-cudnn-cu13 nvidia-cuda-nvrtc
}

mkdir -p "$cache"
exec 9>"$cache/cudnn.lock"
flock 9
install_newest >"$log" 2>&1 ||
  echo "# the newest cuDNN cannot be had: $(tail -n 1 "$log")"
flock -s 9

cudnn=$(find "$cache/cudnn" -name 'libcudnn.so.9' 2>/dev/null | head -n 1)
[ -n "$cudnn" ] || skip_all "no cuDNN of Python's packages: $(tail -n 1 "$log")"
nvrtc=$(find "$cache/cudnn" -name 'libnvrtc.so.13' | head -n 1)
LD_LIBRARY_PATH=$(dirname "$cudnn"):$(dirname "$nvrtc") "$1"
