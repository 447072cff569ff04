#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Classifies an RTSP stream, by default one that it serves itself on loopback:
#     sh pipelines/rtsp.sh [VIDEO|rtsp://...]
# Without an argument it serves the sample clip.
# FRAMES in the environment: stop after so many; else the stream's end or
# Ctrl-C does. Frames that come too late are passed on without a look at them.
set -eu
takes=1
. "$(dirname "$0")/lib.sh"

server=
cleanup () {
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || :
}

# serve FILE: starts the server and sets uri.
serve () {
  mkfifo "$work/uri"
  /usr/bin/python3 "$root/pipelines/rtsp-server.py" "$1" >"$work/uri" &
  server=$!
  # Without a URI the server has said why.
  read -r uri <"$work/uri" || exit 1
  echo "Serving $1 at $uri"
}

uri=${1:-$sample}
case $uri in
  rtsp://*) prepare ;;
  *)
    readable "$uri"
    prepare rtsp
    serve "$uri" ;;
esac
launch rtspsrc location="$uri" latency=200 protocols=tcp ! decodebin ! videoconvert \
  ! alexnetclassify post-messages=always top-k=3 \
  ! fakesink sync=true qos=true num-buffers="${FRAMES:--1}"
