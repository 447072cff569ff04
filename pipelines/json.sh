#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Writes classifications as JSON lines and reads them with jq:
#     sh pipelines/json.sh [VIDEO|IMAGE|URI]
# Without an argument: the sample clip. FILTER in the environment is what jq
# does; when not set, it prints time, best class and confidence of each frame.
set -eu
takes=1
. "$(dirname "$0")/lib.sh"

prepare json
into=$(line jq --unbuffered -r "${FILTER:-$best_of_each}")
with_source launch_quietly "${1:-$sample}" ! videoconvert ! alexnetclassify \
  ! classificationjson fd=3 ! fakesink
