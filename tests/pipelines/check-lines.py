#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks lines of classificationjson, from standard input, against the schema
that the first argument names, and the schema against lines that are wrong.
Prints the number of lines.
"""
import copy
import json
import sys

import jsonschema


def refuse(constant):
    raise ValueError(f'{constant} is not JSON')


def wrong_ones(line):
    """Copies of a line with one thing wrong in each."""
    for key in line:
        lacking = copy.deepcopy(line)
        del lacking[key]
        yield lacking
    for change in [
            {'more': 1}, {'frame_number': -1}, {'stream_time': '0'},
            {'duration': 0.5}, {'regions': []}, {'model': 3}]:
        yield {**copy.deepcopy(line), **change}
    for change in [{'roi_id': -1}, {'region_name': 1}, {'x': 'left'},
                   {'state': 1}, {'since': -1}, {'agreed': 0.5},
                   {'stale': 0}, {'classes': None}]:
        wrong = copy.deepcopy(line)
        wrong['regions'][0].update(change)
        yield wrong
    for change in [{'label': None}, {'class_id': 1.5}, {'confidence': 1.5}]:
        wrong = copy.deepcopy(line)
        wrong['regions'][0]['classes'][0].update(change)
        yield wrong


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    lines = [json.loads(line, parse_constant=refuse) for line in sys.stdin]
    for line in lines:
        validator.validate(line)
    for wrong in wrong_ones(lines[0]):
        if validator.is_valid(wrong):
            raise SystemExit(f'the schema allows {json.dumps(wrong)}')
    print(len(lines))


if __name__ == '__main__':
    main()
