#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Says what is so since when, a line for each change of state:
#     sh pipelines/state.sh [--mqtt HOST[:PORT]] [VIDEO|IMAGE|URI|camera]
# Without a video: the sample clip; "camera" is live, as camera.sh. A line has
# the second since when the state is, or "-" of an image, which has no time and
# wants CONFIRM=1, what it is of, and the state. With --mqtt it is published as
# well, on a broker that runs: the retained message on TOPIC/door/state is the
# state of the region "door". From the environment:
#     REGIONS  parts of the picture, "door:0.1,0.2,0.3,0.4;yard:..."; when not
#              set, all of it
#     CONFIRM  how many results in a row make a state, 3 when not set
#     TOPIC    alexnet when not set
#     DEVICE, FRAMES  of the camera, see camera.sh
set -eu
takes='--mqtt any'
. "$(dirname "$0")/lib.sh"

# For jq, of a line of classificationjson: since when, what, state. In a name,
# blanks and what MQTT has a meaning for are written as in a URI: "a b" is a%20b.
states='.regions[] | [(.since | if . then . / 1e9 | tostring else "-" end), (.region_name // (if .tracking_id then "object-\(.tracking_id)" else .region end) | gsub("(?<c>[+#/%[:space:][:cntrl:]])"; .c | @uri)), .state] | join(" ")'

# classify_states WORD...: the words bring the picture.
classify_states () {
  launch_quietly "$@" ! videoconvert \
    ! alexnetclassify confirm-count="${CONFIRM:-3}" post-messages=never \
    ${REGIONS:+regions="$REGIONS"} \
    ! classificationjson write-when=on-state fd=3 \
    ! fakesink ${live:+sync=true qos=true}
}

broker=
case ${1-} in
  --mqtt)
    [ $# -ge 2 ] || misused '--mqtt wants HOST or HOST:PORT of a broker'
    broker=$2
    shift 2 ;;
esac
[ $# -le 1 ] || misused "unexpected argument $2"
prepare json ${broker:+mqtt}
into=$(line jq --unbuffered -r "$states")
if [ -n "$broker" ]; then
  set_topic
  set_broker "$broker"
  publish=$(line mosquitto_pub -h "$host" -p "$port" -q 1 -r)
  into="$into | while read -r since place state; do\
 $publish -t \"$topic/\$place/state\" -m \"\$state\" || exit 1;\
 echo \"\$since \$place \$state\"; done"
fi
live=
if [ "${1-}" = camera ]; then
  live=yes
  with_camera classify_states
else
  with_source classify_states "${1:-$sample}"
fi
