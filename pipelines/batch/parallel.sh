#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs alexnet-batch in several processes with GNU parallel, on this machine or,
# with HOSTS=a,b in the environment, on those that see the same files:
#     sh pipelines/batch/parallel.sh SHARDS -o DIR [OPTION|INPUT]...
# DIR/joblog has a line for each process; one that failed is started again up to
# RETRIES times (3), and does what is missing. Returns 65 when inputs are bad, 75
# when it is worth another start. The command is $ALEXNET_BATCH, alexnet-batch.
set -eu

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

mkdir -p "$2"
seq 0 $((shards - 1)) |
  parallel --quote ${HOSTS:+--sshlogin "$HOSTS" --workdir "$PWD"} \
    --joblog "$2/joblog" --retries "${RETRIES:-3}" --tag --line-buffer \
    "${ALEXNET_BATCH:-alexnet-batch}" --shard {} --shards "$shards" "$@" ||
  # What each shard returned at last.
  awk 'NR > 1 { status[$1] = $7 }
       END { worst = 0
             for (i in status)
               if (status[i] && status[i] != 65) worst = 75
               else if (status[i] && !worst) worst = 65
             exit worst }' "$2/joblog"
