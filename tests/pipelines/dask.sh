#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# alexnet-batch on a Dask cluster of this machine. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"

use_build
export REAL_BATCH="$root/pipelines/batch/alexnet-batch"
python=/usr/bin/python3
started=

# run_dask CLUSTER SHARDS RESULTS ARGUMENT...
run_dask () {
  cluster=$1 shards=$2 results=$work/$3
  shift 3
  timeout -k 5 300 "$root/pipelines/batch/dask_cluster.py" "$cluster" \
    "$shards" -o "$results" "$@" >"$work/out" 2>"$work/errors"
  status=$?
  cat "$work/out" "$work/errors"
  return $status
}

# The first attempt of shard 1 says that it should be tried again.
make_worker () {
  cat >"$work/worker.sh" <<'END' && chmod +x "$work/worker.sh"
#!/bin/sh
[ "$2" != 1 ] || [ -e "$0.tried" ] || { : >"$0.tried"; exit 75; }
exec "$REAL_BATCH" "$@"
END
  export ALEXNET_BATCH="$work/worker.sh"
}

local_ () {
  make_worker && mkdir "$work/in" && for i in 1 2 3 4 5 6 7 8; do
    cp "$root/tests/data/pictures/422.jpg" "$work/in/$i.jpg" || return 1
  done
  run_dask 2 3 local "$work/in" "$work/absent.mp4"
  same 65 $? && [ -e "$work/worker.sh.tried" ] &&
    same '9 inputs, 1 failed, 8 frames' "$(cat "$work/out")" &&
    same 8 "$(find "$work/local" -name '*.done' | wc -l)" &&
    same 1 "$(cat "$work"/local/failures-*.jsonl | wc -l)"
}

# refused STATUS SENTENCE CLUSTER SHARDS RESULTS ARGUMENT...
refused () {
  expected=$1 sentence=$2
  shift 2
  run_dask "$@"
  same "$expected" $? && same '' "$(cat "$work/out")" &&
    grep -xF "dask_cluster.py: $sentence" "$work/errors"
}

bad () {
  refused 2 "$(hostname): alexnet-batch: no property \"no-such\" in element\
 \"alexnetclassify\"" 1 2 bad --set no-such=1 "$work/in" &&
    refused 2 'error: --shard=3 is for the tasks, which get theirs here' \
      1 2 bad --shard=3 "$work/in" &&
    refused 2 "error: argument SHARDS: '0' is no number from 1" \
      1 0 bad "$work/in" &&
    refused 75 "missing port number in address '0'" 0 2 bad "$work/in"
}

# start NAME ARGUMENT...: a command of Dask.
start () {
  command=$1
  shift
  (
    cd "$work" && exec $python -m "distributed.cli.dask_$command" "$@" \
      --scheduler-file scheduler.json --no-dashboard
  ) >>"$work/$command.log" 2>&1 &
  started="$started $!"
}

start_cluster () {
  start scheduler --host 127.0.0.1 --port 0
  for i in 1 2; do
    start worker --nthreads 1 --no-nanny --local-directory "$work/local-$i"
  done
  until [ -s "$work/scheduler.json" ]; do
    kill -0 $started || return 1
    sleep 0.2
  done
  address=$(jq -r .address "$work/scheduler.json")
}

stop_cluster () {
  for pid in $started; do
    kill "$pid"
    wait "$pid"
  done 2>/dev/null
}

# open_in FILE: the process that has it open.
open_in () {
  for open in /proc/[0-9]*/fd/*; do
    [ ! "$open" -ef "$1" ] || echo "$open"
  done | cut -d / -f 3 | head -n 1
}

# Sets file, what a process writes for an input that it has begun, and pid; it
# stands still.
stop_in_mid_file () {
  while kill -0 "$1"; do
    file=$(find "$work/lost" -name '.*.raw' -size +0 | head -n 1)
    if [ -n "$file" ] && pid=$(open_in "$file") && kill -STOP "$pid"; then
      [ ! -s "$file" ] || return 0
      kill -CONT "$pid"
    fi
    sleep 0.1
  done 2>/dev/null
  return 1
}

# Two clips and pictures. The worker has no time to say or to end anything.
lost () {
  mkdir "$work/lost" && for i in 1 2; do
    cp "$sample" "$work/in/$i.webm" || return 1
  done
  start_cluster || return 1
  run_dask "$address" 3 lost --set backend=reference --sample-every 500ms \
    "$work/in" &
  front=$!
  stop_in_mid_file $front || return 1
  worker=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")
  kill -KILL "$worker"
  kill -CONT "$pid"
  wait $front
  same 0 $? && ! kill -0 "$worker" &&
    grep -E '^10 inputs, 0 failed, [0-9]+ frames' "$work/out" || return 1
  for i in 1 2; do
    same 20 "$(cat "$work/lost"/*/$i.webm-*.jsonl | wc -l)" || return 1
  done
  same 10 "$(find "$work/lost" -name '*.done' | wc -l)" &&
    same 20 "$(find "$work/lost" -type f | wc -l)"
}

$python -c 'import distributed' 2>/dev/null ||
  skip_all 'there is no python3-distributed'
trap 'stop_cluster; rm -rf "$work"' EXIT
check 'workers of this machine' local_
check 'bad input' bad
check 'a worker is lost in mid-file' lost
done_testing
