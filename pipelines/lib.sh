# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# To be sourced by the scripts beside it, under `set -eu`. Sets root, the
# tree; build, where to build (BUILD, or build/); sample, the clip; work, a
# directory that goes away. A function `cleanup` of the script runs at the end.
# Before, a script sets takes, how many arguments it takes at most, or any, and
# in front of that the options that it has; the lines on top of it are what
# --help prints.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=${BUILD:-$root/build}
sample=$root/pipelines/media/sample.webm
script=$(basename -- "$0")

complain () {
  echo "$script: $*" >&2
}

die () {
  complain "$@"
  exit 1
}

misused () {
  complain "$*; see $0 --help"
  exit 2
}

case ${1-} in
  -h | --help) exec sh "$root/pipelines/help.sh" "$0" ;;
  --) shift ;;
  -?*) case " $takes" in
    *" $1 "*) ;;
    *) misused "there is no option $1" ;;
  esac ;;
esac
most=${takes##* }
[ "$most" = any ] || [ $# -le "$most" ] || {
  shift "$most"
  misused "unexpected argument $1"
}

work=$(mktemp -d)
trap 'cleanup; rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# For jq, of a line of classificationjson: time, best label, confidence.
best_of_each='[(.stream_time | if . then . / 1e9 else "-" end), (.regions[].classes[0] // empty | .label, "\(.confidence * 100 | round) %")] | @tsv'

cleanup () {
  :
}

# prepare [SECTION...]: installs what is missing of these sections of
# packages.txt, beside those that all need, and builds.
prepare () {
  sh "$root/pipelines/install-packages.sh" run build "$@"
  if [ ! -f "$build/build.ninja" ]; then
    echo "Configuring $build"
    mkdir -p "$build"
    meson setup "$build" "$root" >"$build/setup.log" 2>&1 || {
      cat "$build/setup.log" >&2
      die "meson could not configure $build"
    }
  fi
  if ! ninja -C "$build" -n element | grep -q 'no work to do'; then
    echo "Building the element in $build"
    ninja -C "$build" element || die "the build failed"
  fi
}

# A word, NAME=VALUE where it needs quotes, as the shell wants it back.
quote () {
  case $1 in
    '!') printf '!' ;;
    [A-Za-z]*=*[!A-Za-z0-9_./:=,+@%-]*)
      printf "%s=" "${1%%=*}"
      quote "${1#*=}" ;;
    *[!A-Za-z0-9_./:=,+@%-]* | '')
      printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf %s "$1" ;;
  esac
}

# line WORD...: the words as a line of shell.
line () {
  quote "$1"
  shift
  for word; do
    printf ' %s' "$(quote "$word")"
  done
}

# A word as gst-launch-1.0 reads it back, which knows the spaces that it is given
# in one, but takes a backslash for more than itself and ends at a tab.
gst_word () {
  case $1 in
    [a-z]*=*[\\\"[:cntrl:]]* | [a-z]*=*'  '*)
      printf '%s="%s"' "${1%%=*}" \
        "$(printf %s "${1#*=}" | LC_ALL=C sed 's/[\\"]/\\&/g')" ;;
    *) printf %s "$1" ;;
  esac
}

# gst_line WORD...: the line of shell that runs gst-launch-1.0 with them.
gst_line () {
  for word; do
    shift
    set -- "$@" "$(gst_word "$word")"
  done
  line GST_PLUGIN_PATH="$build/gst${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}" \
    ALEXNET_BACKEND_DIR="$build/engine/cudnn" \
    ALEXNET_DATA_DIR="$root/pipelines/models" gst-launch-1.0 "$@"
}

# read_launch WORD...: awk on what gst-launch-1.0 writes, line by line as it
# comes; mawk, which Debian has for awk, else waits for 4 KB.
read_launch () {
  case $(awk -W version 2>&1 </dev/null) in
    mawk*) set -- -W interactive "$@" ;;
  esac
  launched=$work/pid LC_ALL=C exec awk -v script="$script" \
    -f "$root/pipelines/complaints.awk" "$@"
}

# Prints what gst-launch-1.0 writes as results.awk does; $report_as is a
# variable for it, or nothing.
report_as=
report () {
  trap '' INT
  read_launch -f "$root/pipelines/results.awk" -v status="$work/status" \
    ${report_as:+-v "$report_as"}
}

# Runs a line of gst_line in GStreamer's own language, which complaints.awk
# and results.awk read. $work/pid says which process it is.
run_line () {
  launched=$work/pid LC_ALL=C.UTF-8 LANGUAGE=C \
    sh -c "echo \$\$ >\"\$launched\"; exec env $1"
}

# run_into READER LINE: runs a line of gst_line. READER, a line of shell, has
# its standard output; its standard error, which several threads write in
# between, goes another way. Returns the status of the first that failed, or 1
# when complaints.awk had to end it.
run_into () {
  echo 0 >"$work/status"
  rm -f "$work/pid.ended"
  {
    {
      {
        run_line "$2" 2>&3 || echo $? >"$work/status"
        [ ! -f "$work/pid.ended" ] || echo 1 >"$work/status"
      } | (eval "$1") || grep -qvx 0 "$work/status" || echo 1 >"$work/status"
    } 3>&1 >&4 | (trap '' INT; read_launch)
  } 4>&1
  # gst-launch-1.0 returns -1 when a pipeline does not even start.
  status=$(cat "$work/status")
  [ "$status" -ne 255 ] || status=1
  return "$status"
}

# launch WORD...: shows the line, runs it and prints its results.
launch () {
  run=$(gst_line -m "$@")
  printf '$ %s\n' "$run"
  run_into report "$run"
}

# launch_quietly WORD...: the same without results. $into, a line of shell or
# nothing, reads what the pipeline writes to descriptor 3: on standard output
# gst-launch-1.0 prints its warnings, and with -q nobody would see them.
into=
launch_quietly () {
  run=$(gst_line "$@")${into:+' 3>&1 >&2'}
  printf '$ %s\n' "$run${into:+ | $into}"
  run_into "${into:-read_launch}" "$run"
}

# picture FILE: of a picture, its kind (jpeg, png, png-16: of 16 bits, gif, webp,
# avif) and how videoflip turns it upright; nothing of any other file. Fails,
# saying why, when a part is missing: decoders make a picture of what there is.
picture () {
  python3 -BS "$root/pipelines/batch/alexnet_batch/headers.py" "$1"
}

# with_source COMMAND NAME WORD...: COMMAND with the words of a pipeline that
# decodes NAME, a file or URI, and turns it upright, in front of the others.
# Pictures are read by gdk-pixbuf: of GStreamer 1.22, decodebin does not know
# AVIF and never ends a GIF, pngdec is wrong with 16 bits, jpegdec gives I420
# whatever there is. So a URI that ends as a picture's name is copied first.
with_source () {
  command=$1
  name=$2
  shift 2
  file=$name
  case $name in
    *://*.[Jj][Pp][Gg] | *://*.[Jj][Pp][Ee][Gg] | *://*.[Pp][Nn][Gg] | \
    *://*.[Gg][Ii][Ff] | *://*.[Ww][Ee][Bb][Pp] | *://*.[Aa][Vv][Ii][Ff])
      file=$work/picture
      fetch "$name" "$file" || return ;;
    *://*)
      "$command" uridecodebin uri="$name" ! videoconvert \
        ! videoflip video-direction=auto "$@"
      return ;;
  esac
  readable "$file" || return 1
  kind=$(picture "$file") || {
    complain "$name $kind"
    return 1
  }
  if [ -n "$kind" ]; then
    "$command" filesrc location="$file" ! gdkpixbufdec \
      ! videoflip video-direction="${kind#* }" "$@"
  else
    "$command" filesrc location="$file" ! decodebin ! videoconvert \
      ! videoflip video-direction=auto "$@"
  fi
}

# fetch URI FILE
fetch () (
  into=
  launch_quietly urisourcebin uri="$1" ! filesink location="$2"
)

# with_camera COMMAND WORD...: the same with a camera, $DEVICE or the first one,
# or with a live test picture where there is none; $FRAMES of it.
with_camera () {
  command=$1
  shift
  if [ -n "${DEVICE:-}" ] || [ -e /dev/video0 ]; then
    set -- ! decodebin "$@"
    set -- v4l2src device="${DEVICE:-/dev/video0}" \
      ${FRAMES:+"num-buffers=$FRAMES"} "$@"
  else
    echo 'No camera here: a test picture'
    set -- ! video/x-raw,width=640,height=480,framerate=30/1 "$@"
    set -- videotestsrc is-live=true pattern=ball \
      ${FRAMES:+"num-buffers=$FRAMES"} "$@"
  fi
  "$command" "$@"
}

# Sets topic, from TOPIC in the environment.
set_topic () {
  topic=${TOPIC:-alexnet}
  case $topic in
    *[!A-Za-z0-9_./-]*) die "TOPIC may have letters, digits and _./-" ;;
  esac
}

# set_broker HOST[:PORT]: sets host and port of an MQTT broker that runs.
set_broker () {
  host=${1%:*}
  port=${1##*:}
  [ "$port" != "$1" ] || port=1883
  mosquitto_sub -h "$host" -p "$port" -t "$topic" -E >/dev/null 2>&1 ||
    die "no MQTT broker at $host:$port"
}

# readable FILE: whether it is; says so when not.
readable () {
  [ -f "$1" ] && [ -r "$1" ] || {
    complain "no file $1, or not allowed to read it"
    return 1
  }
}
