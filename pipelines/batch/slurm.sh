#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs alexnet-batch as a Slurm array, a part of the list in each task:
#     sbatch --array=0-99%20 pipelines/batch/slurm.sh -o DIR [OPTION|INPUT]...
# A task that should be tried again (exit status 75) is put back into the queue
# up to RETRIES times (3), and does what is missing. Slurm tells it a minute
# before its time is over. The command is $ALEXNET_BATCH, alexnet-batch.
#SBATCH --job-name=alexnet-batch
#SBATCH --array=0-3
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
set -u

case ${1-} in
  -h | --help) exec sh "$(dirname -- "$0")/../help.sh" "$0" ;;
esac

"${ALEXNET_BATCH:-alexnet-batch}" "$@" &
worker=$!
trap 'kill -TERM $worker' TERM
wait $worker
status=$?
# A signal ended the waiting, not the worker.
while kill -0 $worker 2>/dev/null; do
  wait $worker
  status=$?
done
if [ $status -eq 75 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt "${RETRIES:-3}" ]; then
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit $status
