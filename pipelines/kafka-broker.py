#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stands in for a Kafka broker on loopback: kafka-broker.py

Prints HOST:PORT, and serves until it is ended. It is the cluster that librdkafka
has for tests: it keeps messages in memory, and makes every topic that it is
asked for.
"""
import signal

import confluent_kafka


def main():
    client = confluent_kafka.Producer({
        'test.mock.num.brokers': 1,
        'log_level': 3,
    })
    for broker in client.list_topics(timeout=60).brokers.values():
        print(f'{broker.host}:{broker.port}', flush=True)
    signal.pause()


if __name__ == '__main__':
    main()
