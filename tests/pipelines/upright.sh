#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A video as a phone writes it that was held upright, which players turn, is
# turned by everything that reads it. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/batch-tap.sh"

export BUILD

# The sample is square; with borders it is wider than high.
make_video () {
  gst-launch-1.0 -q filesrc location="$sample" ! decodebin ! videoconvert \
    ! videobox left=-32 right=-32 ! videoflip video-direction=90l ! jpegenc quality=95 ! qtmux \
    ! filesink location="$work/phone.mp4" &&
    /usr/bin/python3 "$root/tests/pipelines/turn.py" "$work/phone.mp4"
}

# best_named PATTERN: of lines of $work/out, the class named first, without
# repetitions.
best_named () {
  sed -nE "s/$1/\1/p" "$work/out" | uniq | xargs
}

by_script () {
  exits 0 sh "$root/pipelines/classify.sh" "$work/phone.mp4" &&
    same "$classes" "$(best_named '^ +[0-9:.]+  ([a-z]+) .*')" &&
    exits 0 sh "$root/pipelines/files.sh" "$work/phone.mp4" &&
    same "$classes" "$(best_named '^ +[0-9:.]+  1-phone.mp4  ([a-z]+) .*')"
}

by_uri () {
  exits 0 sh "$root/pipelines/json.sh" "file://$work/phone.mp4" &&
    same "$classes" "$(best_named '^[0-9.]+\t([a-z]+)\t.*')"
}

by_watch () {
  exits 0 "$BUILD/pipelines/apps/watch" "$work/phone.mp4" &&
    same "$classes" "$(best_named '^ *[0-9.]+ s  ([a-z]+) .*')"
}

by_batch () {
  results=results
  ends_with 0 "$work/phone.mp4" &&
    same "$classes" "$(best "$(of phone.mp4 jsonl)")"
}

# Whose pictures are wider than high.
by_report () {
  exits 0 "$root/pipelines/batch/alexnet-batch" report "$work/results" \
    -o "$work/report.html" &&
    /usr/bin/python3 - "$work/report.html" <<'END'
import base64, io, re, sys
from PIL import Image
pictures = re.findall(r'data:image/jpeg;base64,([A-Za-z0-9+/=]+)',
                      open(sys.argv[1]).read())
sizes = {Image.open(io.BytesIO(base64.b64decode(p))).size for p in pictures}
print(sizes)
sys.exit(not sizes or any(w <= h for w, h in sizes))
END
}

sh "$root/pipelines/install-packages.sh" run build batch json report \
  >"$work/log" 2>&1 || skip_all "$(tail -n 1 "$work/log")"
make_video >"$work/log" 2>&1 || {
  cat "$work/log"
  exit 1
}
check 'classify.sh and files.sh' by_script
check 'a URI' by_uri
check 'watch' by_watch
check 'alexnet-batch' by_batch
check 'alexnet-batch report' by_report
done_testing
