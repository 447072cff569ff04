#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The scripts in pipelines/ that publish or keep states, as a user calls them.
# Prints TAP.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/script.sh"

mqtt () {
  run mqtt.sh && shows_line && same "$classes" "$(first_labels)" &&
    same 250 "$(grep -cE '^[0-9.]+.[a-z]+.[0-9]+ %$' "$work/out")"
}

# Sets port and broker.
start_broker () {
  port=$((20000 + $$ % 10000))
  printf '%s\n' "listener $port 127.0.0.1" 'allow_anonymous true' \
    'max_queued_messages 0' >"$work/broker.conf"
  PATH=$PATH:/usr/sbin mosquitto -c "$work/broker.conf" &
  broker=$!
  until mosquitto_sub -h 127.0.0.1 -p $port -t '#' -E; do
    kill -0 $broker || return 1
    sleep 0.1
  done
}

end_broker () {
  kill $broker
  wait $broker
}

# subscriber OPTION...: one that the broker knows again, and keeps messages for.
subscriber () {
  timeout 20 mosquitto_sub -h 127.0.0.1 -p $port -i test -c -q 1 -t 'clip/#' -v \
    "$@"
}

# To a broker that runs: a subscriber gets it all, and the end.
own_broker () {
  start_broker && subscriber -E || return 1
  BROKER=127.0.0.1:$port TOPIC=clip run mqtt.sh "$sample"
  published=$?
  subscriber -C 251 >"$work/received"
  end_broker
  same 0 $published && same 250 "$(grep -c '^clip {' "$work/received")" &&
    same clip/end "$(tail -n 1 "$work/received" | sed 's/ .*//')"
}

no_broker () {
  export BROKER=127.0.0.1:9
  fails_with "no MQTT broker at 127.0.0.1:9" mqtt.sh || return 1
  unset BROKER
}

kafka () {
  run kafka.sh && shows_line && same "$classes" "$(first_labels)" &&
    same 250 "$(grep -cE '^[0-9.]+.[a-z]+.[0-9]+ %$' "$work/out")"
}

kafka_camera () {
  FRAMES=20 KEY=door run kafka.sh camera && shows_line && first_labels
}

# What a broker does not get waits for the one that comes.
kafka_spool () {
  picture=$(set -- "$root"/tests/data/pictures/*.png && echo "$1")
  mkfifo "$work/address"
  SPOOL=$work/spool BROKERS=127.0.0.1:9 run kafka.sh "$picture" &&
    ls "$work/spool"/*.spool || return 1
  /usr/bin/python3 "$root/pipelines/kafka-broker.py" >"$work/address" &
  broker=$!
  read -r brokers <"$work/address"
  SPOOL=$work/spool BROKERS=$brokers TOPIC=other KEY=second run kafka.sh \
    "$picture" &&
    kcat -C -q -e -b "$brokers" -t alexnet -f '%k\n' >"$work/first" &&
    kcat -C -q -e -b "$brokers" -t other -f '%k\n' >"$work/second"
  status=$?
  end_broker
  same 0 $status && same 1 "$(grep -c . "$work/first")" &&
    same second "$(cat "$work/second")" && same '' "$(ls "$work/spool")"
}

kafka_without_broker () {
  export BROKERS=127.0.0.1:9
  fails_with 'no Kafka broker at 127.0.0.1:9' kafka.sh || return 1
  unset BROKERS
}

# One line for each photograph, since its first frame.
state () {
  run state.sh && shows_line && same "$classes" "$(first_labels)" &&
    same "$(seq 0 9)" "$(sed -n 's/ full-frame .*//p' "$work/out")"
}

state_of_regions () {
  REGIONS='left:0.0,0.0,0.5,1.0;a b/+:0.5,0.0,0.5,1.0' CONFIRM=5 run state.sh ||
    return 1
  grep ' left [a-z]' "$work/out" && grep ' a%20b%2F%2B [a-z]' "$work/out" &&
    same 0 "$(grep -c ' full-frame ' "$work/out")"
}

state_of_camera () {
  CONFIRM=1 FRAMES=20 run state.sh camera &&
    grep ' full-frame ' "$work/out"
}

# It is a single result, without a time.
state_of_picture () {
  picture=$(set -- "$root"/tests/data/pictures/*.png && echo "$1")
  CONFIRM=1 run state.sh "$picture" && grep '^- full-frame [a-z]' "$work/out"
}

# Each change comes to a subscriber, and who comes later gets the state alone.
state_retained () {
  start_broker && subscriber -E || return 1
  TOPIC=clip run state.sh --mqtt 127.0.0.1:$port "$sample"
  published=$?
  subscriber -C 10 >"$work/received"
  timeout 20 mosquitto_sub -h 127.0.0.1 -p $port -t '#' -v -C 1 >"$work/retained"
  end_broker
  same 0 $published && same 10 "$(grep -c ' full-frame ' "$work/out")" &&
    same "$classes" "$(sed 's|^clip/full-frame/state ||' "$work/received" | xargs)" &&
    same 'clip/full-frame/state truck' "$(cat "$work/retained")"
}

state_without_broker () {
  fails_with 'no MQTT broker at 127.0.0.1:9' state.sh --mqtt 127.0.0.1:9
}

sh "$root/pipelines/install-packages.sh" run build full mqtt kafka json \
  >"$work/log" 2>&1 || skip_all "$(tail -n 1 "$work/log")"
check 'mqtt.sh' mqtt
check 'mqtt.sh: BROKER' own_broker
check 'mqtt.sh: no broker' no_broker
check 'mqtt.sh: bad input' bad_input mqtt.sh
check_with classificationkafka 'kafka.sh' kafka
check_with classificationkafka 'kafka.sh: a camera' kafka_camera
check_with classificationkafka 'kafka.sh: SPOOL' kafka_spool
check_with classificationkafka 'kafka.sh: no broker' kafka_without_broker
check_with classificationkafka 'kafka.sh: bad input' bad_input kafka.sh
check 'state.sh' state
check 'state.sh: REGIONS' state_of_regions
check 'state.sh: a camera' state_of_camera
check 'state.sh: a picture' state_of_picture
check 'state.sh: retained messages' state_retained
check 'state.sh: no broker' state_without_broker
check 'state.sh: bad input' bad_input state.sh
check 'no leftovers' no_leftovers
done_testing
