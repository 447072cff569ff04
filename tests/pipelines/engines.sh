#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# alexnet-batch under the engines of pipelines/batch/, on this machine. Prints
# TAP.
set -u
. "$(dirname "$0")/tap.sh"

batch=$root/pipelines/batch
use_build
export ALEXNET_BATCH="$batch/alexnet-batch"

mkdir "$work/in"
for i in 1 2 3 4 5 6 7 8; do
  cp "$root/tests/data/pictures/422.jpg" "$work/in/$i.jpg"
done

# n_done RESULTS
n_done () {
  find "$1" -name '*.done' | wc -l
}

parallel_ () {
  sh "$batch/parallel.sh" 3 -o "$work/parallel" "$work/in" &&
    same 8 "$(n_done "$work/parallel")" &&
    same 4 "$(wc -l <"$work/parallel/joblog")"
}

# A bad input is one failure, however often its shard is tried.
parallel_bad () {
  sh "$batch/parallel.sh" 3 -o "$work/parallel" "$work/in" "$work/absent.mp4"
  same 65 $? && same 1 "$(cat "$work"/parallel/failures-*.jsonl | wc -l)" &&
    same 8 "$(n_done "$work/parallel")" || return 1
  sh "$batch/parallel.sh" -o "$work/parallel" "$work/in"
  same 2 $? || return 1
  for name in '{}' 'a{.}' '{/}' '{1}.mp4' '{= 1 =}'; do
    sh "$batch/parallel.sh" 3 -o "$work/braces" "$work/$name"
    same 2 $? && [ ! -e "$work/braces" ] || return 1
  done
}

# What it cannot begin is no failure of an input, and no other try helps.
parallel_refused () {
  RETRIES=1 sh "$batch/parallel.sh" 2 -o "$work/refused" --set no-such=1 \
    "$work/in"
  same 2 $? || return 1
  ALEXNET_BATCH=$work/absent RETRIES=1 sh "$batch/parallel.sh" 2 \
    -o "$work/refused" "$work/in"
  same 2 $?
}

# A part may be empty, if not all are.
parallel_empty () {
  RETRIES=1 sh "$batch/parallel.sh" 2 -o "$work/one" "$work/in/1.jpg" &&
    same 1 "$(n_done "$work/one")" && mkdir "$work/nothing" || return 1
  RETRIES=1 sh "$batch/parallel.sh" 2 -o "$work/none" "$work/nothing"
  same 66 $?
}

# kills WHOM: as the only shard does, itself or the process that starts it.
kills () {
  printf '#!/bin/sh\nkill -KILL %s\n' "$1" >"$work/kills.sh" &&
    chmod +x "$work/kills.sh" || return 1
  ALEXNET_BATCH=$work/kills.sh RETRIES=1 sh "$batch/parallel.sh" 1 \
    -o "$work/killed" "$work/in"
  same 75 $?
}

parallel_killed () {
  # shellcheck disable=SC2016
  kills '$$' && kills '$PPID'
}

slurm_conf () {
  cat <<END
ClusterName=test
SlurmctldHost=$(hostname -s)
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SlurmUser=root
StateSaveLocation=$work/slurm/state
SlurmdSpoolDir=$work/slurm/spool
SlurmctldPidFile=$work/slurm/slurmctld.pid
SlurmdPidFile=$work/slurm/slurmd.pid
SlurmctldLogFile=$work/slurm/slurmctld.log
SlurmdLogFile=$work/slurm/slurmd.log
SlurmctldPort=16817
SlurmdPort=16818
ReturnToService=2
NodeName=$(hostname -s) CPUs=$(nproc)
PartitionName=test Nodes=ALL Default=YES State=UP
END
}

# munged wants directories that are nobody else's.
start_slurm () {
  mkdir -p "$work/munge" "$work/slurm/state" "$work/slurm/spool" &&
    chmod 755 "$work" && head -c 1024 /dev/urandom >"$work/munge/key" &&
    chown -R munge "$work/munge" && chmod 755 "$work/munge" &&
    chmod 400 "$work/munge/key" &&
    runuser -u munge -- munged --force --key-file "$work/munge/key" \
      --socket "$work/munge/socket" --pid-file "$work/munge/pid" \
      --log-file "$work/munge/log" --seed-file "$work/munge/seed" &&
    slurm_conf >"$work/slurm/slurm.conf" &&
    export SLURM_CONF="$work/slurm/slurm.conf" &&
    slurmctld && slurmd &&
    for _ in $(seq 20); do
      ! sinfo -h -o %T 2>/dev/null | grep -qx idle || return 0
      sleep 1
    done
  tail -n 1 "$work/slurm/slurmctld.log"
  return 1
}

stop_slurm () {
  for pid in slurm/slurmd slurm/slurmctld munge/pid; do
    file=$work/$pid
    [ -f "$file" ] || file=$file.pid
    [ ! -f "$file" ] || kill "$(cat "$file")"
  done
  sleep 1
}

# The first attempt of task 1 says that it should be tried again.
slurm () {
  cat >"$work/worker.sh" <<'END' && chmod +x "$work/worker.sh"
#!/bin/sh
[ "$SLURM_ARRAY_TASK_ID.${SLURM_RESTART_COUNT:-0}" != 1.0 ] || exit 75
exec "$REAL_BATCH" "$@"
END
  REAL_BATCH=$ALEXNET_BATCH
  export REAL_BATCH
  ALEXNET_BATCH=$work/worker.sh timeout 60 sbatch --array=0-3 \
    --output="$work/slurm/task-%a.out" --open-mode=append \
    "$batch/slurm.sh" -o "$work/array" "$work/in" || return 1
  for _ in $(seq 200); do
    [ "$(n_done "$work/array" 2>/dev/null)" != 8 ] || break
    sleep 1
    # Slurm waits two minutes before it starts such a task again.
    scontrol update JobId=1_1 StartTime=now 2>/dev/null
  done
  squeue
  cat "$work"/slurm/task-*.out
  tail -n 20 "$work"/slurm/slurmctld.log
  same 8 "$(n_done "$work/array")"
}

if command -v parallel >/dev/null; then
  check 'parallel.sh' parallel_
  check 'parallel.sh: bad input' parallel_bad
  check 'parallel.sh: cannot begin' parallel_refused
  check 'parallel.sh: no input' parallel_empty
  check 'parallel.sh: killed' parallel_killed
else
  skip 'parallel.sh' 'there is no GNU parallel'
fi
if [ "$(id -u)" -ne 0 ] || ! command -v slurmctld munged >/dev/null; then
  skip 'slurm.sh' 'needs slurm-wlm, munge and the rights of root'
elif ! start_slurm >"$work/log" 2>&1; then
  skip 'slurm.sh' "no daemons: $(tail -n 1 "$work/log")"
else
  trap 'stop_slurm; rm -rf "$work"' EXIT
  check 'slurm.sh' slurm
fi
done_testing
