# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# To be sourced: TAP for shell functions. Sets root, the tree; sample, the clip,
# and classes, what it shows; work, a directory that goes away. BUILD is the build
# directory under test.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
sample=$root/pipelines/media/sample.webm
classes='airplane automobile bird cat deer dog frog horse ship truck'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

# What runs finds the build and the demonstration model, as if both were
# installed, and nothing of the user's.
use_build () {
  export GST_PLUGIN_PATH="$BUILD/gst" ALEXNET_DATA_DIR="$root/pipelines/models"
  export XDG_DATA_HOME="$work"
  unset ALEXNET_MODEL SLURM_ARRAY_TASK_ID JOB_COMPLETION_INDEX
}

skip_all () {
  echo "1..0 # SKIP $*"
  exit 0
}

# check NAME COMMAND...: the command decides; its output shows when it fails.
check () {
  n=$((n + 1))
  tap_name=$1 # a command may have a name of its own
  shift
  if "$@" >"$work/log" 2>&1; then
    echo "ok $n $tap_name"
  else
    echo "not ok $n $tap_name"
    sed 's/^/# /' "$work/log"
  fi
}

# skip NAME REASON
skip () {
  n=$((n + 1))
  echo "ok $n $1 # SKIP $2"
}

# built PART: whether this build has it, an element or alexnet-inspect.
built () {
  case $1 in
    alexnet-inspect) [ -x "$BUILD/engine/tools/$1" ] ;;
    *) GST_PLUGIN_PATH=$BUILD/gst gst-inspect-1.0 --exists "$1" ;;
  esac
}

# check_with PART NAME COMMAND...: check, where the build has what it is about.
check_with () {
  part=$1
  shift
  if built "$part"; then
    check "$@"
  else
    skip "$1" "built without $part"
  fi
}

# same EXPECTED FOUND
same () {
  [ "$1" = "$2" ] || {
    printf 'expected:\n%s\nfound:\n%s\n' "$1" "$2"
    return 1
  }
}

# exits STATUS COMMAND...: in two minutes; writes $work/out and $work/errors.
exits () {
  expected=$1
  shift
  timeout -k 5 120 "$@" >"$work/out" 2>"$work/errors"
  status=$?
  cat "$work/out" "$work/errors"
  same "$expected" $status
}

# What $work/errors says; gdk-pixbuf's loaders of today complain where they
# cannot shut themselves in.
complaints () {
  grep -v '^WARNING: Glycin running without sandbox\.' "$work/errors"
}

done_testing () {
  echo "1..$n"
}

# first_frame ENCODER VIDEO PICTURE: what a video begins with. Now and then
# decodebin takes it for an error that imagefreeze wants no more.
first_frame () {
  for _ in 1 2 3; do
    ! gst-launch-1.0 -q filesrc location="$2" ! decodebin ! videoconvert \
      ! imagefreeze num-buffers=1 ! "$1" ! filesink location="$3" || return 0
  done
  return 1
}
