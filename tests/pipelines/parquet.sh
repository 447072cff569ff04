#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# alexnet-batch parquet as a user runs it. Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/venv.sh"

need_venv tables pyarrow duckdb
"$venv/bin/python" -c 'import duckdb, pyarrow' 2>/dev/null ||
  skip_all "no pyarrow or duckdb of Python's packages: $reason"
command=$root/pipelines/batch/alexnet-batch
use_build

# parquet STATUS ARGUMENT...
parquet () {
  expected=$1
  shift
  exits "$expected" "$venv/bin/python" "$command" parquet "$@"
}

# refused STATUS TEXT ARGUMENT...: by parquet.
refused () {
  expected=$1
  text="alexnet-batch: $2"
  shift 2
  parquet "$expected" "$@" && same "$text" "$(cat "$work/errors")"
}

# Two runs: regions with names, and a picture whole; what failed for good, and
# what may work another time.
make_results () {
  mkdir "$work/in" && : >"$work/in/empty.mp4" &&
    cp "$sample" "$work/in" &&
    exits 75 /usr/bin/python3 "$command" -o "$work/results" --attempts 1 \
      --set regions='left & "up":0.0,0.0,0.5,0.5;right:0.5,0.0,0.5,1.0' \
      "$work/in" http://127.0.0.1:9/refused.webm &&
    exits 0 /usr/bin/python3 "$command" -o "$work/results" \
      "$root/tests/data/pictures/rgb.png"
}

tables () {
  make_results &&
    parquet 0 "$work/results" -o "$work/tables" &&
    same "$work/tables: 501 results of 4 inputs" "$(cat "$work/out")" &&
    "$venv/bin/python" "$root/tests/pipelines/check-tables.py" \
      "$work/results" "$work/tables" &&
    same '' "$(find "$work" -name '*.partial')"
}

# What an older version wrote had fewer fields; half a line and half a marker.
damaged () {
  mkdir -p "$work/damaged/00" &&
    printf '%s\n%s' '{"regions":[{"classes":[{"label":"cat"}]}]}' '{"reg' \
      >"$work/damaged/00/a-000000000000.jsonl" &&
    echo '{"key":{"video":"file:///a","model":"../../x"},"time":"never"}' \
      >"$work/damaged/00/a-000000000000.done" &&
    echo '{"key":' >"$work/damaged/00/b-111111111111.done" &&
    parquet 65 "$work/damaged" -o "$work/some" &&
    same 2 "$(wc -l <"$work/errors")" &&
    grep "a-000000000000.jsonl: 1 of 2 lines are no results" "$work/errors" &&
    grep 'b-111111111111.done: no marker of alexnet-batch' "$work/errors" &&
    same "('file:///a', ['cat'], None, None)" "$("$venv/bin/python" -c "
import duckdb, sys
print(*duckdb.sql('''SELECT video_uri, labels, stream_time_ns, model_sha256
  FROM read_parquet('$work/some/results/**/*.parquet',
                    hive_partitioning = true)''').fetchall())")"
}

# Nothing that is there changes.
bad_input () {
  before=$(find "$work/tables" -type f -exec sha256sum {} +)
  mkdir "$work/nothing"
  refused 66 "cannot read $work/absent: No such file or directory" \
    "$work/absent" -o "$work/other" &&
    refused 66 "$work/nothing has no results of alexnet-batch" \
      "$work/nothing" -o "$work/other" &&
    refused 2 "$work/tables is there already: name another directory" \
      "$work/results" -o "$work/tables" &&
    refused 2 "$work/in/sample.webm is there already: name another directory" \
      "$work/results" -o "$work/in/sample.webm" &&
    refused 2 "there is no directory $work/absent" \
      "$work/results" -o "$work/absent/tables" &&
    same "$before" "$(find "$work/tables" -type f -exec sha256sum {} +)" &&
    [ ! -e "$work/other" ] &&
    parquet 0 "$work/results" -o "$work/nothing" &&
    same '' "$(find "$work" -name '*.partial')"
}

not_installed () {
  mkdir "$work/without" &&
    echo "raise ImportError('no pyarrow here')" >"$work/without/pyarrow.py" &&
    (
      export PYTHONPATH="$work/without"
      refused 2 'parquet needs pyarrow (no pyarrow here): python3 -m venv'\
' VENV, VENV/bin/pip install pyarrow, and run it with VENV/bin/python' \
        "$work/results" -o "$work/other"
    )
}

# What its README tells to type, in build/ there, but for installing.
readme () {
  mkdir "$work/build" && ln -s "$root/pipelines" "$work/pipelines" &&
    ln -s "$venv" "$work/build/venv" &&
    ln -s "$work/results" "$work/build/results" &&
    sed -n '/^<!-- parquet -->/,/^<!-- .parquet -->/p' \
      "$root/pipelines/batch/README.md" |
    grep '^    venv/' >"$work/build/parquet.sh" &&
    (cd "$work/build" && sh -e ./parquet.sh >"$work/out") &&
    cat "$work/out" && grep 'airplane' "$work/out"
}

check 'tables' tables
check 'what its README tells' readme
check 'damaged results' damaged
check 'bad input' bad_input
check 'pyarrow is not installed' not_installed
done_testing
