#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Saves pictures to learn from, then says how to label them and use the result:
#     sh pipelines/learn.sh [VIDEO|IMAGE|URI|camera [DIRECTORY]]
# Without arguments: of the sample clip, to examples/ in this directory;
# "camera" is live, as camera.sh, until Ctrl-C. From the environment:
#     WHEN       which results: uncertain, change, first, with + between them;
#                when not set, uncertain+change
#     THRESHOLD  less is uncertain, 0..1; 0.5 when not set
#     LIMIT      how many are kept, the newest ones; 1000 when not set
#     REGIONS    parts of the picture, "door:0.1,0.2,0.3,0.4;yard:..."; when not
#                set, all of it
#     DEVICE, FRAMES  of the camera, see camera.sh
set -eu
takes=2
. "$(dirname "$0")/lib.sh"

directory=${2:-examples}
index=$directory/examples.jsonl

# For jq, of a line of examples.jsonl: the file and its best class, which
# becomes the name of a directory.
best='[.file, (.regions[0].classes[0].label // "unknown" | gsub("/"; "-"))] | @tsv'

# save_examples WORD...: the words bring the picture.
save_examples () {
  launch_quietly "$@" ! videoconvert \
    ! alexnetclassify save-directory="$directory" \
    save-when="${WHEN:-uncertain+change}" save-threshold="${THRESHOLD:-0.5}" \
    save-limit-count="${LIMIT:-1000}" ${REGIONS:+regions="$REGIONS"} \
    post-messages=never ! fakesink ${live:+sync=true qos=true}
}

# A camera ends by Ctrl-C, too.
cleanup () {
  [ -s "$index" ] || {
    [ -z "$played" ] || echo 'No picture was saved: WHEN and THRESHOLD say which are'
    return 0
  }
  labelled=$directory/labelled
  cat <<END
$(wc -l <"$index") pictures are in $directory. This sorts copies of them by what they were
taken for; then put right what is wrong:
\$ $(line jq -r "$best" "$index") | while read -r file label; do \
mkdir -p $(quote "$labelled")/"\$label" && cp $(quote "$directory")/"\$file" \
$(quote "$labelled")/"\$label"/; done
Train with them (torchvision.datasets.ImageFolder reads such a directory;
pipelines/models/train-cifar10.py shows a training) and save the state_dict, as
trained.pth. This makes a model of it that knows its labels:
\$ LC_ALL=C ls $(quote "$labelled") >labels.txt
\$ $(line ninja -C "$build" engine/tools/alexnet-inspect)
\$ $(line "$build/engine/tools/alexnet-inspect" convert trained.pth \
    --labels=labels.txt -o learned.safetensors)
\$ MODEL=learned.safetensors $(line sh "$root/pipelines/classify.sh")
END
}

played=
prepare json
live=
if [ "${1-}" = camera ]; then
  live=yes
  with_camera save_examples
else
  with_source save_examples "${1:-$sample}"
fi
played=yes
