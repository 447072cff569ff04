#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rooms.py finds the faults that it is there for. Prints TAP."""
import pathlib

import rooms

FILES = rooms.load(pathlib.Path(__file__).parent / '..')
GATES = list(rooms.GATES)

# What is done to the tree: path, text that is added to it; the gate that must
# then complain, and of what.
FAULTS = {
    'a file in no room': (
        [('engine/misc/helpers.c', '\n')],
        GATES[0], 'engine/misc/helpers.c: no room of rooms.py'),
    'a test of no room': (
        [('tests/engine/misc/test-misc.c', '\n')],
        GATES[0], 'tests/engine/misc/test-misc.c: there is no engine/misc'),
    'a path that goes up': (
        [('engine/run/engine.c', '\n#include "../model/model.h"\n')],
        GATES[1], 'engine/run/engine.c: ../model/model.h'),
    'the long way to a neighbour': (
        [('gst/meta/result.c', '\n#include "meta/result.h"\n')],
        GATES[1], 'gst/meta/result.c: meta/result.h lies beside it'),
    'a backend that includes another': (
        [('engine/reference/layers.c', '\n#include "onednn/onednn.h"\n')],
        GATES[2], 'engine/reference -> engine/onednn'),
    'a private header of another room': (
        [('gst/json/lines.c', '\n#include "classify/session.h"\n')],
        GATES[2], 'gst/json -> gst/classify'),
    'a call upwards that needs no include': (
        [('engine/network/network.c',
          '\nint alexnet_models_held (void);\n\nvoid\nalexnet_go_up (void)\n{\n'
          '  alexnet_models_held ();\n}\n'),
         ('engine/model/model.c',
          '\nint\nalexnet_models_held (void)\n{\n  return 0;\n}\n')],
        GATES[2], 'engine/network -> engine/model'),
    'kernels that know what calls them': (
        [('engine/onednn/linear/kernels.c', '\n#include "linear.h"\n')],
        GATES[2], 'engine/onednn/linear/kernels -> engine/onednn/linear'),
    'GStreamer without the public header': (
        [('gst/region/smoothing.c', '\n#include "network/network.h"\n')],
        GATES[2], 'gst/region -> engine/network'),
    'two files that call each other': (
        [('engine/run/one.c',
          '\nvoid\nalexnet_one (void)\n{\n  alexnet_two ();\n}\n'),
         ('engine/run/two.c',
          '\nvoid\nalexnet_two (void)\n{\n  alexnet_one ();\n}\n')],
        GATES[4], 'engine/run/one.c <-> engine/run/two.c'),
    'two headers that include each other': (
        [('gst/meta/one.h', '\n#include "two.h"\n'),
         ('gst/meta/two.h', '\n#include "one.h"\n')],
        GATES[4], 'gst/meta/one.h <-> gst/meta/two.h'),
}


def complaints(gate, files, arrows):
    return list(rooms.GATES[gate](files, arrows))


def finds(fault):
    additions, gate, expected = fault
    files = dict(FILES)
    for path, text in additions:
        files[path] = files.get(path, '') + text
    return any(line.startswith(expected)
               for line in complaints(gate, files, rooms.parse_arrows()))


def finds_circle_of_rooms():
    arrows = rooms.parse_arrows()
    arrows['engine/network'].add('engine/model')
    return any('engine/model' in line and 'engine/network' in line
               for line in complaints(GATES[3], FILES, arrows))


def main():
    results = {name: finds(fault) for name, fault in FAULTS.items()}
    results['a circle in the table itself'] = finds_circle_of_rooms()
    for n, (name, found) in enumerate(results.items(), 1):
        print(f'{"" if found else "not "}ok {n} {name}')
    print(f'1..{len(results)}')


if __name__ == '__main__':
    main()
