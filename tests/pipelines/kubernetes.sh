#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kubernetes.yaml by the schema that Kubernetes publishes, and its command as a
# pod runs it. Prints TAP.
#
# The schema is that of Python's package kubernetes-validate, which is kept, with
# 150 MB, in ${XDG_CACHE_HOME:-~/.cache}/alexnetclassify/kubernetes.
set -u
. "$(dirname "$0")/tap.sh"

batch=$root/pipelines/batch
cache=${XDG_CACHE_HOME:-$HOME/.cache}/alexnetclassify
validator=$cache/kubernetes/bin/kubernetes-validate
use_build

# The command of the container in its volumes; its list is cut into as many
# parts as there are pods.
command_ () {
  mkdir "$work/videos" "$work/results" && for i in 1 2 3 4 5 6 7 8; do
    cp "$root/tests/data/pictures/422.jpg" "$work/videos/$i.jpg" || return 1
  done
  ls "$work"/videos/*.jpg >"$work/videos/list.txt" &&
    /usr/bin/python3 "$root/tests/pipelines/read-job.py" \
      "$batch/kubernetes.yaml" "$work" >"$work/pod" &&
    . "$work/pod" &&
    for index in 0 3 7 50; do
      JOB_COMPLETION_INDEX=$index run_pod || return 1
    done
  same 3 "$(find "$work/results" -name '*.done' | wc -l)"
}

install_validator () {
  [ -x "$validator" ] || {
    mkdir -p "$cache" && /usr/bin/python3 -m venv "$cache/kubernetes" &&
      timeout 500 "$cache/kubernetes/bin/pip" install -q --no-cache-dir \
        --disable-pip-version-check kubernetes-validate
  }
}

# validate SED_SCRIPT: the job, changed by it, for the oldest version that the
# job is for.
validate () {
  sed "$1" "$batch/kubernetes.yaml" >"$work/job.yaml"
  "$validator" -k 1.33 --strict "$work/job.yaml"
}

schema () {
  validate '' || return 1
  for change in s/backoffLimitPerIndex/backoffLimitPerPod/ \
    s/containerName/container/ 's/values: .*/values: 65/' /mountPath/d; do
    validate "$change" | grep 'did not validate' || {
      echo "passes with $change"
      return 1
    }
  done
}

check 'the command' command_
if install_validator >"$work/log" 2>&1; then
  check 'the schema' schema
else
  skip 'the schema' "no kubernetes-validate: $(tail -n 1 "$work/log")"
fi
done_testing
