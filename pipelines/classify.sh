#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Says what videos and images show, one after another:
#     sh pipelines/classify.sh [VIDEO|IMAGE|URI ...]
# Without an argument: the sample clip. From the environment:
#     MODEL      a model file of any kind that README.md lists; when not set,
#                what ALEXNET_MODEL names; else the one in
#                ~/.local/share/alexnet; else the demonstration model
#     LABELS     a text file with one label a line
#     BACKEND    cudnn, cpu, reference
#     PRECISION  fp32, tf32, fp16, bf16, int8; when not set, what is fastest
#                here of those that are as good
#     TOP_K      how many labels a line shows, 3 when not set
#     BUILD      where to build, build/ when not set
# Installs and builds first what is missing. Exits with 1 when one of them
# could not be classified.
set -eu
takes=any
. "$(dirname "$0")/lib.sh"

prepare
[ $# -gt 0 ] || set -- "$sample"
failed=0
for name; do
  with_source launch "$name" ! videoconvert ! alexnetclassify \
    ${MODEL:+"model-file=$MODEL"} ${LABELS:+"labels-file=$LABELS"} \
    ${BACKEND:+"backend=$BACKEND"} ${PRECISION:+"precision=$PRECISION"} \
    top-k="${TOP_K:-3}" post-messages=always ! fakesink || failed=1
done
exit $failed
