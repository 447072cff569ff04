#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Publishes classifications to MQTT, and shows what a subscriber receives:
#     sh pipelines/mqtt.sh [VIDEO|IMAGE|URI]
# Without an argument: the sample clip. From the environment:
#     BROKER   HOST or HOST:PORT of a broker that runs; then only publishes.
#              Else the script starts one on loopback and stops it again
#     TOPIC    alexnet when not set; an empty message to TOPIC/end is the last
set -eu
takes=1
. "$(dirname "$0")/lib.sh"

broker=
subscriber=
cleanup () {
  for pid in $subscriber $broker; do
    kill "$pid" 2>/dev/null && wait "$pid" || :
  done
}

# Tries ports until the broker has one, and sets host, port, broker.
start_broker () {
  host=127.0.0.1
  for port in 1883 18830 18831 18832 18833 18834 18835 18836 18837 18838; do
    printf '%s\n' "listener $port $host" 'allow_anonymous true' \
      'max_queued_messages 0' >"$work/mosquitto.conf"
    mkfifo "$work/log-$port"
    PATH=$PATH:/usr/sbin mosquitto -c "$work/mosquitto.conf" \
      >"$work/log-$port" 2>&1 &
    broker=$!
    if grep -qm 1 'mosquitto version .* running' "$work/log-$port"; then
      echo "Broker at $host:$port"
      return
    fi
    wait $broker || :
  done
  broker=
  die "mosquitto found no free port on $host, or did not start"
}

# The broker keeps what it gets for the subscriber from now on.
start_subscriber () {
  set -- mosquitto_sub -h "$host" -p "$port" -i alexnet-subscriber -c -q 1 \
    -t "$topic" -t "$topic/end"
  "$@" -E
  mkfifo "$work/received"
  "$@" -F '%t %p' >"$work/received" &
  subscriber=$!
}

# Until TOPIC/end.
show_received () {
  sed -u -n "\\|^$topic/end |q; s|^$topic ||p" <"$work/received" |
    jq --unbuffered -r "$best_of_each"
}

set_topic
prepare mqtt json
if [ -n "${BROKER:-}" ]; then
  set_broker "$BROKER"
else
  start_broker
  start_subscriber
  show_received &
  reader=$!
fi
publish=$(line mosquitto_pub -h "$host" -p "$port" -q 1 -t "$topic")
into="$publish -l"
failed=0
with_source launch_quietly "${1:-$sample}" ! videoconvert ! alexnetclassify \
  ! classificationjson fd=3 ! fakesink || failed=1
eval "$publish/end -n" || failed=1
[ -z "$broker" ] || wait "$reader" || failed=1
exit $failed
