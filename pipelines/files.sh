#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Classifies videos and pictures at once, in one pipeline and with one model:
#     sh pipelines/files.sh [VIDEO|IMAGE ...]
# Without an argument: the sample clip, twice.
set -eu
takes=any
. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || set -- "$sample" "$sample"
for file; do
  readable "$file" || exit 1
done
prepare
n=0
words=
for file; do
  n=$((n + 1))
  # What an element is called may not have every character.
  name=$n-$(printf %s "$(basename -- "$file")" |
    LC_ALL=C tr -c 'A-Za-z0-9._-' _)
  words="$words $(with_source line "$file" ! videoconvert \
    ! alexnetclassify name="$name" post-messages=always top-k=3 ! fakesink)"
done
eval "launch $words"
