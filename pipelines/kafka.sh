#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Publishes classifications to Kafka, and shows what a consumer receives:
#     sh pipelines/kafka.sh [VIDEO|IMAGE|URI|camera]
# Without an argument: the sample clip; "camera" is live, as camera.sh. From the
# environment:
#     BROKERS  HOST:PORT,... of a cluster that runs; then only publishes. Else
#              the script starts a stand-in for a broker (kafka-broker.py) on
#              loopback and stops it again
#     TOPIC    alexnet when not set; without a "/"
#     KEY      of the messages, as a camera's name; when not set, the id of the
#              stream
#     SPOOL    a directory in which messages wait while no broker can be
#              reached, also for the next start; when not set, in memory
#     DEVICE, FRAMES  of the camera, see camera.sh
set -eu
takes=1
. "$(dirname "$0")/lib.sh"

broker=
cleanup () {
  [ -z "$broker" ] || { kill "$broker" && wait "$broker"; } 2>/dev/null || :
}

# Sets brokers and broker.
start_broker () {
  mkfifo "$work/address"
  /usr/bin/python3 "$root/pipelines/kafka-broker.py" >"$work/address" &
  broker=$!
  read -r brokers <"$work/address" || die 'the stand-in for a broker did not start'
  echo "Stand-in for a broker at $brokers"
}

# publish WORD...: the words bring the picture.
publish () {
  launch_quietly "$@" ! videoconvert ! alexnetclassify post-messages=never \
    ! classificationkafka topic="$topic" brokers="$brokers" ${KEY:+key="$KEY"} \
    ${SPOOL:+spool-directory="$SPOOL"} ! fakesink ${live:+sync=true qos=true}
}

set_topic
prepare full kafka json
GST_PLUGIN_PATH=$build/gst gst-inspect-1.0 classificationkafka >/dev/null 2>&1 ||
  die "the build in $build was made without librdkafka: meson setup --reconfigure $build"
brokers=${BROKERS:-}
if [ -z "$brokers" ]; then
  start_broker
elif [ -z "${SPOOL:-}" ]; then
  kcat -L -b "$brokers" -m 10 >/dev/null 2>&1 ||
    die "no Kafka broker at $brokers"
fi
live=
if [ "${1-}" = camera ]; then
  live=yes
  with_camera publish
else
  with_source publish "${1:-$sample}"
fi
[ -z "$broker" ] ||
  kcat -C -q -e -o beginning -b "$brokers" -t "$topic" |
    jq --unbuffered -r "$best_of_each"
