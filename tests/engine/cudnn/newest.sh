#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a test of cuDNN's plans tests, with the newest cuDNN of Python's packages in
# place of the one that it was built with. They are kept, with 1 GB, in
# ${XDG_CACHE_HOME:-~/.cache}/alexnetclassify/cudnn.
#     newest.sh PROGRAM
# Prints TAP.
set -u
. "$(dirname "$0")/../../pipelines/tap.sh"
. "$(dirname "$0")/../../pipelines/venv.sh"

need_venv cudnn nvidia-cudnn-cu13 nvidia-cuda-nvrtc
cudnn=$(find "$venv" -name 'libcudnn.so.9' 2>/dev/null | head -n 1)
[ -n "$cudnn" ] || skip_all "no cuDNN of Python's packages: $reason"
nvrtc=$(find "$venv" -name 'libnvrtc.so.13' | head -n 1)
LD_LIBRARY_PATH=$(dirname "$cudnn"):$(dirname "$nvrtc") "$1"
