#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs alexnet-batch in several processes with GNU parallel, on this machine or,
# with HOSTS=a,b in the environment, on those that see the same files:
#     sh pipelines/batch/parallel.sh SHARDS -o DIR [OPTION|INPUT]...
# DIR/joblog has a line for each process; one that failed is started again up to
# RETRIES times (3), and does what is missing. The command is $ALEXNET_BATCH,
# alexnet-batch.
#
# Exit codes are alexnet-batch's, as dask_cluster.py has them: 0, 65 when inputs
# are bad, 66 when there are none, 75 when it is worth another start, 2 when one
# process cannot begin.
set -eu

case ${1-} in
  -h | --help) exec sh "$(dirname -- "$0")/../help.sh" "$0" ;;
esac

shards=${1-}
case $shards in
  '' | *[!0-9]* | 0)
    echo 'parallel.sh: SHARDS, a number from 1, has to come first' >&2
    exit 2 ;;
esac
shift
if [ "${1-}" != -o ] || [ $# -lt 2 ]; then
  echo 'parallel.sh: -o DIR has to come next' >&2
  exit 2
fi

case "$*" in
  *'{}'* | *'{.}'* | *'{/'*'}'* | *'{#}'* | *'{%}'* | *'{'[0-9+-]*'}'* | *'{='*)
    echo 'parallel.sh: {}, {.}, {1} and the like in a name mean something to' \
      'GNU parallel: put such names into a file, for --list' >&2
    exit 2 ;;
esac

mkdir -p "$2"
seq 0 $((shards - 1)) |
  parallel --quote ${HOSTS:+--sshlogin "$HOSTS" --workdir "$PWD"} \
    --joblog "$2/joblog" --retries "${RETRIES:-3}" --tag --line-buffer \
    "${ALEXNET_BATCH:-alexnet-batch}" --shard {} --shards "$shards" "$@" ||
  # What each shard returned at last; 126 and 127 are a shell's that cannot
  # start it, and beside a signal stands 0. One that did not end has no line.
  awk -v shards="$shards" '
       NR > 1 { status[$1] = $8 ? 75 : $7 ~ /^(126|127)$/ ? 2 : $7 }
       END { for (i = 1; i <= shards; i++)
               seen[status[i] ~ /^(0|2|65|66)$/ ? status[i] : 75]
             n = split("2 75 65 0 66", worst_first)
             for (i = 1; i <= n; i++)
               if (worst_first[i] in seen) exit worst_first[i] }' "$2/joblog"
