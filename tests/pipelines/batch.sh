#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# alexnet-batch as a user runs it. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/batch-tap.sh"

make_inputs () {
  mkdir -p "$work/in/sub dir" "$work/in/.hidden" &&
    cp "$sample" "$work/in/sub dir/it's a \"clip\", 50 %.webm" &&
    cp "$sample" "$work/in/$(printf 'na\357ve.webm')" &&
    cp "$sample" "$work/in/.hidden/not.webm" &&
    cp "$root/README.md" "$work/in" &&
    cp "$photo" "$work/in/turned.jpg"
}

directory () {
  results=directory
  make_inputs && ends_with 0 "$work/in" &&
    clip=$(of 'it_s_a__clip___50__.webm' jsonl) &&
    same "$classes" "$(best "$clip")" && same 250 "$(wc -l <"$clip")" &&
    same "$classes" "$(best "$(of 'na_xefve.webm' jsonl)")" &&
    same 1 "$(wc -l <"$(of turned.jpg jsonl)")" &&
    same 3 "$(find "$work/directory" -name '*.done' | wc -l)" &&
    [ ! -e "$work/directory/failures.jsonl" ] &&
    same 6 "$(find "$work/directory" -type f | wc -l)" &&
    grep '^3 of 3 inputs, 0 failed, [0-9.]* frames/s' "$work/errors"
}

# The schema of classificationjson, and `video` in front.
lines () {
  results=directory
  clip=$(of 'it_s_a__clip___50__.webm' jsonl) &&
    sed 's/^{"video":"[^"]*",/{/' "$clip" >"$work/lines" &&
    same 250 "$(/usr/bin/python3 "$root/tests/pipelines/check-lines.py" \
      "$root/gst/json/classificationjson.schema.json" <"$work/lines")" &&
    same "file://$work/in/sub%20dir/it%27s%20a%20%22clip%22%2C%2050%20%25.webm" \
      "$(field video "$clip" | tr ' ' '\n' | uniq)" &&
    same "file://$work/in/na%EFve.webm" \
      "$(field video "$(of 'na_xefve.webm' jsonl)" | tr ' ' '\n' | uniq)"
}

marker () {
  results=directory
  done_=$(of turned.jpg done) &&
    same "$(sha256sum "$root/pipelines/models/alexnet-cifar10.safetensors" |
      cut -d ' ' -f 1)" "$(field key.model "$done_")" &&
    same "$(stat -c %s "$work/in/turned.jpg")" "$(field key.size "$done_")" &&
    same '1 1' "$(field frames "$done_") $(field inferred "$done_")"
}

# As alexnet-inspect, which turns it too, has it; within 1 %.
turned () {
  results=directory
  "$BUILD/engine/tools/alexnet-inspect" classify "$work/in/turned.jpg" |
    sed 's/.*: //' >"$work/expected" && cat "$work/expected" &&
    jq -r '.regions[0].classes[] | "\(.confidence * 100) % \(.label)"' \
      "$(of turned.jpg jsonl)" >"$work/found" && cat "$work/found" &&
    paste -d ' ' "$work/expected" "$work/found" | awk '
      { apart = $1 - $4; if ($3 != $6 || apart * apart > 1) wrong = 1 }
      END { exit wrong || NR != 5 }'
}

stamps () {
  find "$work/$results" -name '*.jsonl' -printf '%f %T@\n' | sort
}

again () {
  results=directory
  before=$(stamps)
  ends_with 0 "$work/in" && same "$before" "$(stamps)" &&
    grep '^3 of 3 inputs, 0 failed, 0.0 frames/s$' "$work/errors" &&
    ends_with 0 --dry-run "$work/in" &&
    same 'done done done' "$(cut -d ' ' -f 1 "$work/out" | xargs)" &&
    touch "$work/in/turned.jpg" && ends_with 0 --dry-run "$work/in" &&
    same 'done done to' "$(cut -d ' ' -f 1 "$work/out" | sort | xargs)" &&
    ends_with 0 "$work/in" && same 1 "$(stamps | grep -vcxF "$before")" &&
    before=$(stamps) && ends_with 0 --set top-k=1 "$work/in/turned.jpg" &&
    same 1 "$(stamps | grep -vcxF "$before")" &&
    same 1 "$(jq '.regions[0].classes | length' "$(of turned.jpg jsonl)")" &&
    before=$(stamps) &&
    ends_with 0 --overwrite --set top-k=1 "$work/in/turned.jpg" &&
    same 1 "$(stamps | grep -vcxF "$before")"
}

# A file that a property names, with other labels than before.
by_file () {
  results=file
  seq 0 9 >"$work/labels" &&
    ends_with 0 --set labels-file="$work/labels" "$work/in/turned.jpg" &&
    before=$(stamps) && seq 10 19 >"$work/labels" &&
    ends_with 0 --set labels-file="$work/labels" "$work/in/turned.jpg" &&
    same 1 "$(stamps | grep -vcxF "$before")"
}

# A model in two files of weights' names and weights, with labels beside it, and
# a directory with a name that stands in the first.
make_model () {
  mkdir -p "$work/model/weight_map" &&
    cat "$root/pipelines/models/alexnet-cifar10.safetensors" \
      >"$work/model/part.safetensors" && /usr/bin/python3 - "$work/model" <<'END'
import json, pathlib, struct, sys
folder = pathlib.Path(sys.argv[1])
data = (folder / 'part.safetensors').read_bytes()
header = json.loads(data[8:8 + struct.unpack('<Q', data[:8])[0]])
(folder / 'model.safetensors.index.json').write_text(json.dumps(
    {'metadata': header.pop('__metadata__', {}),
     'weight_map': dict.fromkeys(header, 'part.safetensors')}))
END
}

# in_model COMMAND...: after it the result is made anew.
in_model () {
  before=$(stamps)
  "$@" && ends_with 0 --set model-file="$index" "$work/in/turned.jpg" &&
    same 1 "$(stamps | grep -vcxF "$before")"
}

change_last_byte () {
  printf '\1' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") - 1)) conv=notrunc
}

by_model () {
  results=model
  index=$work/model/model.safetensors.index.json
  make_model && ends_with 0 --set model-file="$index" "$work/in/turned.jpg" &&
    same part.safetensors "$(jq -r '.key.files | keys[]' \
      "$(of turned.jpg done)")" &&
    in_model sh -c 'seq 0 9 >"$1"' - "$work/model/labels.txt" &&
    in_model sh -c 'seq 10 19 >"$1"' - "$work/model/labels.txt" &&
    in_model change_last_byte "$work/model/part.safetensors"
}

# The names that the engine looks for.
label_names () {
  sed -n '/labels_names\[\]/,/};/s/.*"\(.*\)".*/\1/p' \
    "$root/engine/model/sidecar.c" >"$work/expected"
  same "$(cat "$work/expected")" "$(cd "$root/pipelines/batch" &&
    /usr/bin/python3 -c 'from alexnet_batch.models import LABELS
print(*LABELS, sep="\n")')"
}

# The same bytes with another time.
by_hash () {
  results=hash
  cp "$work/in/turned.jpg" "$work/hashed.jpg" &&
    ends_with 0 --hash "$work/hashed.jpg" && touch "$work/hashed.jpg" &&
    before=$(stamps) && ends_with 0 --hash "$work/hashed.jpg" &&
    same "$before" "$(stamps)"
}

make_many () {
  mkdir "$work/many" &&
    for i in 1 2 3 4 5 6 7; do
      cp "$work/in/turned.jpg" "$work/many/$i.jpg" || return 1
    done
}

# shard ENVIRONMENT... -- OPTION...
shard () {
  (
    while [ "$1" != -- ]; do
      export "${1?}"
      shift
    done
    shift
    ends_with 0 "$@" "$work/many"
  )
}

shards () {
  results=shards
  make_many && shard -- --shard 0 --shards 3 &&
    same 3 "$(find "$work/shards" -name '*.done' | wc -l)" &&
    shard JOB_COMPLETION_INDEX=1 -- --shards 3 &&
    same 5 "$(find "$work/shards" -name '*.done' | wc -l)" &&
    shard SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_STEP=2 \
      SLURM_ARRAY_TASK_COUNT=3 -- &&
    same 7 "$(find "$work/shards" -name '*.done' | wc -l)" &&
    shard -- --shard 8 --shards 9 &&
    refused 'shard 3 of 3, expected 0 to 2' --shard 3 --shards 3 "$work/many" &&
    refused '--shard and --shards belong together' --shard 3 "$work/many" &&
    (
      export JOB_COMPLETION_INDEX=1
      refused 'JOB_COMPLETION_INDEX does not say of how many: give --shards' \
        "$work/many"
    )
}

lists () {
  results=lists
  printf '%s\n\n%s\r\n' "$work/many/1.jpg" "$work/many/2.jpg" >"$work/list" &&
    ends_with 0 --list "$work/list" "$work/many/[34].jpg" &&
    grep '^4 of 4 inputs' "$work/errors" &&
    ends_with 0 -l - <"$work/list" && grep '^2 inputs' "$work/errors" &&
    mkdir "$work/nothing" && ends_with 66 "$work/nothing" &&
    refused "cannot read $work/none: No such file or directory" \
      -l "$work/none"
}

# A pipe is read once, and what waits for it holds up nothing: here the second
# name comes when the first one's picture is done.
piped () {
  results=piped
  mkfifo "$work/names"
  {
    echo "$work/many/1.jpg"
    for _ in $(seq 300); do
      sleep 0.1
      ! of 1.jpg done >/dev/null || break
    done
    ! of 1.jpg done >/dev/null || echo "$work/many/2.jpg"
  } >"$work/names" &
  ends_with 0 -j 2 -l "$work/names" && wait $! &&
    grep '^2 inputs, 0 failed' "$work/errors"
}

twice () {
  results=twice
  ends_with 0 -j 3 --sample-every 1s "$sample" "$sample" "$sample" &&
    same 10 "$(wc -l <"$(of sample.webm jsonl)")" &&
    grep '^3 of 3 inputs, 0 failed' "$work/errors"
}

samples () {
  results=samples
  ends_with 0 --sample-every 1s "$sample" &&
    same "$classes" "$(best "$(of sample.webm jsonl)")" &&
    same 10 "$(wc -l <"$(of sample.webm jsonl)")"
}

jobs_ () {
  results=jobs
  mkdir "$work/clips" && for i in 1 2 3 4 5 6; do
    cp "$sample" "$work/clips/$i.webm" || return 1
  done
  ends_with 0 -j 4 --progress json "$work/clips" || return 1
  for i in 1 2 3 4 5 6; do
    same "$classes" "$(best "$(of $i.webm jsonl)")" || return 1
  done
  same '6 0 6 1500' "$(tail -n 1 "$work/errors" |
    jq -r '"\(.done) \(.failed) \(.total) \(.frames)"')"
}

# begin_clips SIGNAL: which ends it in mid-file; with its status.
begin_clips () {
  "$root/pipelines/batch/alexnet-batch" -o "$work/ended" -j 2 \
    --set backend=reference "$work/clips" 2>"$work/errors" &
  pid=$!
  until find "$work/ended" -name ".*.raw" -size +8k | grep .; do
    kill -0 $pid || return 1
    sleep 0.2
  done
  begin=$(date +%s)
  kill -s "$1" $pid
  wait $pid
}

# While GStreamer is loaded, in place of which is what takes long.
ended_early () {
  mkdir -p "$work/slow/gi" && cat >"$work/slow/gi/__init__.py" <<END || return 1
import pathlib, time
pathlib.Path('$work/loads').touch()
time.sleep(60)
END
  PYTHONPATH=$work/slow "$root/pipelines/batch/alexnet-batch" -o "$work/early" \
    "$sample" &
  pid=$!
  until [ -e "$work/loads" ]; do
    kill -0 $pid || return 1
    sleep 0.1
  done
  kill $pid
  wait $pid
  same 75 $?
}

# The model goes away while a clip is half done: no clip failed.
model_gone () {
  mkdir "$work/gone" &&
    cp "$root/pipelines/models/alexnet-cifar10.safetensors" "$work/gone.model" ||
    return 1
  "$root/pipelines/batch/alexnet-batch" -o "$work/gone" --progress none \
    --set backend=reference --set model-file="$work/gone.model" "$work/clips" \
    2>"$work/errors" &
  pid=$!
  until find "$work/gone" -name '.*.raw' -size +8k | grep .; do
    kill -0 $pid || return 1
    sleep 0.2
  done
  mv "$work/gone.model" "$work/gone.away"
  wait $pid
  same 75 $? && [ ! -e "$work/gone/failures.jsonl" ] &&
    same "alexnet-batch: $work/gone.model: is not the file that it was at first" \
      "$(cat "$work/errors")" &&
    same '' "$(find "$work/gone" -type f)"
}

left_over () {
  find "$work/ended" -name '.*' -type f
}

# A second time cut off without a word; then the rest is done. Each clip has a
# result and a marker, and nothing else is there.
ended () {
  results=ended
  mkdir "$work/ended"
  begin_clips TERM
  same 75 $? && [ $(($(date +%s) - begin)) -le 8 ] &&
    same '' "$(left_over)" || return 1
  begin_clips KILL
  same 137 $? && [ -n "$(left_over)" ] && ends_with 0 -j 2 "$work/clips" &&
    same 12 "$(find "$work/ended" -type f | wc -l)" || return 1
  for i in 1 2 3 4 5 6; do
    of $i.webm done && same 250 "$(wc -l <"$(of $i.webm jsonl)")" || return 1
  done
}

# begin OPTION...: with what the shell redirects, which is not of interest.
begin () {
  "$root/pipelines/batch/alexnet-batch" -o "$work/$results" "$@"
}

# Nobody reads what it says, or there is nothing to write to.
closed () {
  results=closed
  {
    begin --progress json "$work/many/1.jpg" "$work/clips/1.webm"
    echo $? >"$work/status"
  } 2>&1 | head -n 1
  same 0 "$(cat "$work/status")" && of 1.webm done || return 1
  begin --list - <&-
  same 66 $? && begin "$work/many/2.jpg" 2>&- >&- && of 2.jpg done || return 1
  {
    yes "$work/many/1.jpg" | head -n 9999 | begin --dry-run --list -
    echo $? >"$work/status"
  } 2>"$work/errors" | head -n 1
  same '75 ' "$(cat "$work/status") $(cat "$work/errors")"
}

# No line is longer than the terminal is wide.
narrow () {
  results=narrow
  export results root work
  script -qec 'stty cols 60
    "$root/pipelines/batch/alexnet-batch" -o "$work/$results" "$work/many"' \
    "$work/typescript" &&
    tr '\r' '\n' <"$work/typescript" | grep '^\[#*\] 7 of 7 inputs, 0 failed' &&
    ! tr '\r' '\n' <"$work/typescript" | grep '^\[.\{63\}'
}

# A server that sends a part and then nothing; nobody listens on the other port.
network () {
  results=network
  /usr/bin/python3 "$root/tests/pipelines/stalling-server.py" "$sample" \
    >"$work/port" &
  server=$!
  while [ ! -s "$work/port" ]; do sleep 0.1; done
  url=http://127.0.0.1:$(cat "$work/port")
  ends_with 75 --stall-timeout 6s --attempts 2 -j 3 "$url/stalls.webm" \
    "$url/whole.webm" "$url/none.webm" http://127.0.0.1:9/refused.webm
  ended_well=$?
  kill $server
  [ $ended_well -eq 0 ] &&
    same "none.webm open 1 false
refused.webm open 2 true
stalls.webm decode 2 true" "$(jq -r '"\(.uri | split("/") | last) \(.stage)'\
' \(.attempts) \(.passing)"' "$work/network/failures.jsonl" | sort)" &&
    same "$classes" "$(best "$(of whole.webm jsonl)")"
}

# GObject would warn of some of them and go on; GStreamer makes others fit.
out_of_range () {
  count='expected 1 to 2147483647'
  refused "top-k is 0, $count" --set top-k=0 "$sample" &&
    same 1 "$(wc -l <"$work/errors")" &&
    refused "top-k is -1, $count" --set top-k=-1 "$sample" &&
    refused "top-k is 4294967297, $count" --set top-k=4294967297 "$sample" &&
    refused "top-k is some, $count" --set top-k=some "$sample" &&
    refused 'threshold is nan, expected 0.0 to 1.0' --set threshold=nan \
      "$sample" &&
    refused 'backend is abacus, expected auto, cudnn, cpu, reference' \
      --set backend=abacus "$sample" &&
    refused "attach-meta is 512, expected analytics, roi, tensor, embedding,\
 joined by +" --set attach-meta=512 "$sample" &&
    refused 'qos is maybe, expected true or false' --set qos=maybe "$sample" &&
    ends_with 0 --dry-run --set attach-meta=roi+tensor --set top-k=0x3 \
      --set threshold=0.5 --set backend=reference "$sample"
}

# The bias of the last layer, at the end of the file, is NaN.
nan_model () {
  results=nan
  cat "$root/pipelines/models/alexnet-cifar10.safetensors" >"$work/nan.model" &&
    printf '\377\377' | dd of="$work/nan.model" bs=1 conv=notrunc \
      seek=$(($(stat -c %s "$work/nan.model") - 2)) &&
    refused "$work/nan.model: tensor classifier.6.bias holds NaN or infinity,\
 expected finite numbers" --set model-file="$work/nan.model" "$sample"
}

usage () {
  results=usage
  ends_with 0 --dry-run "$sample" && [ ! -e "$work/usage" ] &&
    refused 'no property "no-such" in element "alexnetclassify"' \
    --set no-such=1 "$sample" &&
    ends_with 2 --set model-file="$root/README.md" "$sample" &&
    grep "^alexnet-batch: $root/README.md: " "$work/errors" &&
    refused "reference: backend 'reference' computes in fp32 only, not in int8" \
      --set backend=reference --set precision=int8 "$sample" &&
    out_of_range &&
    ends_with 2 --set top-k "$sample" &&
    grep "'top-k' is not name=value" "$work/errors" &&
    ends_with 2 --sample-every soon "$sample" &&
    grep "'soon' is no time" "$work/errors" &&
    ends_with 2 --sample-every 0.0000000001s "$sample" &&
    ends_with 2 --stall-timeout 9999999999h "$sample" &&
    ends_with 2 --set name=other "$sample" &&
    ends_with 2 --set save-directory="$work/examples" "$sample" &&
    grep "save-directory=$work/examples', expected another" "$work/errors" &&
    [ ! -e "$work/examples" ] &&
    ends_with 2 --set "labels-file=$(printf '\377')" "$sample" &&
    grep 'expected .* UTF-8' "$work/errors" &&
    ends_with 2 && grep 'no INPUT and no --list' "$work/errors" &&
    [ ! -e "$work/usage" ]
}

version () {
  exits 0 "$root/pipelines/batch/alexnet-batch" --version &&
    grep -x 'alexnet-batch [0-9]*\.[0-9]*\.[0-9]*' "$work/out"
}

# lost ARGUMENT...: on a full disk, also where Python keeps nothing back.
lost () {
  for unbuffered in '' 1; do
    PYTHONUNBUFFERED=$unbuffered "$root/pipelines/batch/alexnet-batch" "$@" \
      >/dev/full 2>"$work/errors"
    same "75 alexnet-batch: standard output: No space left on device" \
      "$? $(complaints)" || return 1
  done
}

lost_all () {
  results=lost
  lost --help && lost --version && lost report --help &&
    lost -o "$work/lost" --dry-run "$photo" && ends_with 0 "$photo" &&
    lost report "$work/lost" -o "$work/lost.html" && [ -s "$work/lost.html" ]
}

# Of the paths in URIs.
unquote () {
  /usr/bin/python3 -c 'import sys, urllib.parse
sys.stdout.write(urllib.parse.unquote(sys.stdin.read()))'
}

# Options come anywhere before --, and by their whole names.
options () {
  results=options
  cp "$photo" "$work/-odd.jpg" && cd "$work" || return 1
  ends_with 0 "$photo" --dry-run "$sample" --jobs 2 -- -odd.jpg "$photo" &&
    same "$photo $sample $work/-odd.jpg $photo" \
      "$(sed 's|^to do  file://||' "$work/out" | unquote | paste -sd ' ')" &&
    ends_with 2 --dry "$photo" &&
    grep 'error: unrecognized arguments: --dry$' "$work/errors"
  found=$?
  cd "$OLDPWD" && return $found
}

# Neither for the Python that runs it, nor a library of it.
not_installed () {
  mkdir "$work/without" || return
  for error in ImportError ValueError; do
    echo "raise $error('no gi here')" >"$work/without/gi.py"
    (
      export PYTHONPATH="$work/without"
      refused "alexnet-batch needs GStreamer's Python (no gi here): sh\
 pipelines/install-packages.sh batch, and run it with /usr/bin/python3" "$sample"
    ) || return
  done
}

# disk_full SIZE INPUT TEXT: a file system of that size, in which its result does
# not fit, and what is said then.
disk_full () {
  mkdir -p "$work/disk"
  unshare --mount sh -euc '
    mount -t tmpfs -o size="$4" tmpfs "$1/disk"
    "$2/pipelines/batch/alexnet-batch" -o "$1/disk" "$3" && exit 1
    [ $? -eq 75 ] && [ -z "$(find "$1/disk" -name "*.done")" ] &&
      [ -z "$(find "$1/disk" -name "*.jsonl")" ]
  ' - "$work" "$root" "$2" "$1" 2>&1 | tee "$work/errors"
  grep "$3" "$work/errors"
}

check 'a directory' directory
check 'lines' lines
check 'marker' marker
check_with alexnet-inspect 'EXIF orientation' turned
check 'again' again
check 'a file of --set' by_file
check "a model's other files" by_model
check "names of labels" label_names
check '--hash' by_hash
check 'shards' shards
check 'lists' lists
check 'a list from a pipe' piped
check 'an input twice' twice
check '--sample-every' samples
check '--jobs' jobs_
check 'ended while it starts' ended_early
check 'ended in mid-file' ended
check 'the model is gone' model_gone
check 'closed streams' closed
if command -v script >/dev/null; then
  check 'a narrow terminal' narrow
else
  skip 'a narrow terminal' 'there is no script(1)'
fi
check 'network' network
check 'a weight that is NaN' nan_model
check 'usage' usage
check '--version' version
check 'standard output is a full disk' lost_all
check 'options' options
check 'PyGObject is not installed' not_installed
if command -v mount >/dev/null && unshare --mount true 2>/dev/null; then
  check 'full disk, 180 KB' disk_full 64k "$sample" 'No space left'
  check 'full disk, 1 KB' disk_full 4k "$photo" \
    "^alexnet-batch: $work/disk: No space left on device$"
else
  skip 'full disk' 'there is no mount(8), or it is not allowed'
fi
done_testing
