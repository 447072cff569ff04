#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include and call whom. Prints TAP: rooms.py [TREE]

A folder is a room, NAME.c and NAME.h beside each other are one module. A room
knows itself and what ARROWS says: rooms and single modules. A module on the
left has arrows of its own; its folder may know it, and others only by its
name. What alexnet.h declares belongs to engine/alexnet for everybody outside
of the library.
"""
import pathlib
import posixpath
import re
import sys

ARROWS = '''
engine: -
engine/tensor: engine
engine/network: engine engine/tensor
engine/preprocess: engine
engine/formats: engine engine/tensor engine/network
engine/formats/caffe: engine engine/tensor engine/network engine/formats
engine/formats/onnx: engine engine/tensor engine/network engine/formats
engine/formats/pickle: engine engine/tensor engine/formats
engine/formats/numpy: engine engine/tensor engine/formats engine/formats/pickle
engine/formats/torch: engine engine/tensor engine/formats engine/formats/pickle
engine/formats/reader: engine engine/tensor engine/formats
  engine/formats/caffe engine/formats/onnx engine/formats/numpy
  engine/formats/torch
engine/model: engine engine/tensor engine/network engine/preprocess
  engine/formats engine/formats/reader engine/formats/caffe
engine/backend: engine engine/network engine/preprocess
engine/reference: engine engine/tensor engine/network engine/preprocess
  engine/backend
engine/cudnn: engine engine/tensor engine/network engine/preprocess
  engine/backend

engine/onednn: engine engine/tensor engine/network engine/preprocess
  engine/backend engine/onednn/plan engine/onednn/dnnl engine/onednn/step
  engine/onednn/linear engine/onednn/int8
engine/onednn/plan: engine engine/network engine/preprocess engine/backend
  engine/onednn/amx engine/onednn/direct engine/onednn/linear
  engine/onednn/winograd
  engine/onednn/int8 engine/onednn/int8-winograd engine/onednn/pool
  engine/onednn/step engine/onednn/dnnl engine/onednn/simd
engine/onednn/direct: engine engine/network engine/onednn/step
  engine/onednn/dnnl
engine/onednn/pool: engine engine/network engine/onednn/step
  engine/onednn/dnnl engine/onednn/simd
engine/onednn/pool/kernels: engine engine/onednn/simd
  engine/onednn/pool/maxpool
engine/onednn/pool/maxpool: -
engine/onednn/linear: engine engine/tensor engine/network engine/onednn/step
  engine/onednn/dnnl engine/onednn/simd
engine/onednn/winograd: engine engine/tensor engine/network engine/onednn/step
  engine/onednn/dnnl engine/onednn/simd
engine/onednn/int8: engine engine/tensor engine/network engine/onednn/step
  engine/onednn/dnnl engine/onednn/simd
engine/onednn/int8-winograd: engine engine/tensor engine/network
  engine/onednn/step engine/onednn/dnnl engine/onednn/simd engine/onednn/int8
  engine/onednn/winograd/tiles
engine/onednn/amx: engine engine/tensor engine/network engine/onednn/step
  engine/onednn/dnnl engine/onednn/simd engine/onednn/int8
engine/onednn/amx/kernels: engine engine/onednn/simd
engine/onednn/amx/layout: engine engine/network engine/onednn/amx/kernels
engine/onednn/linear/kernels: engine engine/onednn/simd
engine/onednn/linear/dot: engine engine/onednn/simd
  engine/onednn/linear/kernels
engine/onednn/linear/dot-neon: engine engine/onednn/simd
  engine/onednn/linear/kernels
engine/onednn/linear/tiles: engine engine/onednn/simd
  engine/onednn/linear/kernels
engine/onednn/linear/pack: engine engine/onednn/simd
  engine/onednn/linear/kernels
engine/onednn/winograd/tiles: engine engine/network
engine/onednn/winograd/tables: -
engine/onednn/winograd/forms: engine/onednn/winograd/tables
engine/onednn/winograd/transform: engine engine/onednn/winograd/tables
  engine/onednn/winograd/forms engine/onednn/simd
engine/onednn/winograd/weights: engine engine/onednn/winograd/transform
  engine/onednn/winograd/forms engine/onednn/simd
engine/onednn/int8-winograd/tables: -
engine/onednn/int8-winograd/kernels: engine engine/onednn/simd
  engine/onednn/int8-winograd/tables
engine/onednn/step: engine engine/tensor engine/network engine/onednn/dnnl
  engine/onednn/simd
engine/onednn/step/multiply: engine engine/onednn/simd
engine/onednn/step/multiply-bytes: engine engine/onednn/simd
  engine/onednn/step/multiply
engine/onednn/dnnl: engine engine/network
engine/onednn/simd: engine

engine/backends: engine engine/backend engine/reference
  engine/onednn/onednn
engine/run: engine engine/network engine/preprocess engine/model
  engine/backend engine/backends
engine/calibration: engine engine/tensor engine/network engine/preprocess
  engine/model engine/backend engine/backends
engine/tools: engine/alexnet

gst: gst/classify gst/overlay gst/json gst/kafka
gst/classify: engine/alexnet gst/meta gst/input gst/region gst/learn
  gst/property
gst/overlay: gst/meta/reader gst/property
gst/learn: engine/alexnet gst/region gst/json/jsonline
  gst/meta/reader gst/file
gst/json: gst/meta/reader gst/property
gst/kafka: gst/json/jsonline gst/json/selection gst/meta/reader gst/property
  gst/file
gst/meta: engine/alexnet gst/region gst/input/frame
gst/meta/reader: gst/meta/names
gst/meta/names: -
gst/input: engine/alexnet
gst/region: engine/alexnet
gst/property: -
gst/file: -

pipelines/apps: engine/alexnet
'''

SUFFIXES = ('.c', '.h', '.cu', '.inc')
SOURCE_ROOTS = ('engine', 'gst', 'pipelines')
TEST_ROOTS = ('tests/engine', 'tests/gst')
API_HEADER = 'engine/alexnet.h'
# Rooms of tests that are about no room of the tree.
SHARED = ('support',)

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
COMMENT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
# A function is its name in the first column, below the line of its type; a
# variable that others see has no `static`.
FUNCTION = re.compile(r'^([a-z]\w+) \(', re.M)
VARIABLE = re.compile(r'^(?!static|extern|typedef)[A-Za-z][\w *]*?'
                      r'\b(alexnet_\w+|gst_\w+)(?:\[[^\n]*\])? = ', re.M)
WORD = re.compile(r'\b(?:alexnet|gst)_\w+')
API = re.compile(r'\b(alexnet_\w+) \(')


def load(tree):
    """{path: text} of everything in C."""
    return {
        path.relative_to(tree).as_posix(): path.read_text(encoding='utf-8')
        for root in SOURCE_ROOTS + TEST_ROOTS
        for path in sorted((tree / root).rglob('*'))
        if path.suffix in SUFFIXES
    }


def parse_arrows(text=ARROWS):
    """{room: what it may know}; lines that begin with blanks go on."""
    entries = text.replace('\n  ', ' ').split('\n')
    pairs = [entry.split(':') for entry in entries if entry]
    return {room: set(known.split()) - {'-'} for room, known in pairs}


def module_of(path):
    return posixpath.splitext(path)[0]


def room_of(module, arrows):
    """The entry of ARROWS that holds for a module."""
    return module if module in arrows else posixpath.dirname(module)


def resolve(path, name, files):
    """What `path` includes as `name`; None when that is no file of ours."""
    roots = [posixpath.dirname(path), path.split('/')[0], 'engine']
    for root in roots:
        target = posixpath.join(root, name)
        if target in files:
            return target
    return None


def is_static(text, at):
    before = text[:at].rstrip('\n').rsplit('\n', 1)[-1]
    return before.startswith('static')


def definitions(files):
    """{symbol: path} of what files show each other."""
    found = {}
    for path, text in files.items():
        if not path.endswith(('.c', '.cu')) or not path.startswith(
                SOURCE_ROOTS):
            continue
        for match in FUNCTION.finditer(text):
            if not is_static(text, match.start()):
                found[match[1]] = path
        for match in VARIABLE.finditer(text):
            found[match[1]] = path
    return found


def is_library(path):
    return path.startswith('engine/') and not path.startswith('engine/tools/')


def edges(files):
    """{(path, path): why} of all includes and uses."""
    defined = definitions(files)
    api = set(API.findall(COMMENT.sub('', files.get(API_HEADER, ''))))
    found = {}
    for path, text in files.items():
        if not path.startswith(SOURCE_ROOTS):
            continue
        for name in INCLUDE.findall(text):
            target = resolve(path, name, files)
            if target:
                found.setdefault((path, target), f'{path} includes {name}')
        if path.endswith('.h'):
            continue
        for word in set(WORD.findall(COMMENT.sub('', text))):
            if word in api and not is_library(path):
                found.setdefault((path, API_HEADER), f'{path} uses {word}')
            elif defined.get(word, path) != path:
                found.setdefault((path, defined[word]), f'{path} uses {word}')
    return found


def wrong_rooms(files, arrows):
    for path in files:
        folder = posixpath.dirname(path)
        if path.startswith(SOURCE_ROOTS):
            if room_of(module_of(path), arrows) not in arrows:
                yield f'{path}: no room of rooms.py'
            continue
        root = next(root for root in TEST_ROOTS if path.startswith(root))
        room = folder[len(root) + 1:]
        about = posixpath.join(root.split('/')[1], room)
        if room not in SHARED and not any(
                module.startswith(about.rstrip('/') + '/') for module in files):
            yield f'{path}: there is no {about} that it could test'


def wrong_includes(files):
    for path, text in files.items():
        for name in INCLUDE.findall(text):
            if name.startswith('.') or '/../' in name:
                yield f'{path}: {name} is not written from the root of its tree'
            elif '/' in name and posixpath.join(
                    posixpath.dirname(path), name.rsplit('/', 1)[-1]
            ) == resolve(path, name, files):
                yield f'{path}: {name} lies beside it'


def wrong_arrows(files, arrows):
    for (here, there), why in sorted(edges(files).items()):
        here, there = module_of(here), module_of(there)
        room, target = room_of(here, arrows), room_of(there, arrows)
        known = arrows.get(room, set()) | {room}
        own = posixpath.dirname(there) == room
        if not own and not known & {target, there}:
            yield f'{room} -> {target}: {why}'


def circles(graph):
    """Strongly connected components of more than one node (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return [circle for circle in found if len(circle) > 1]


def circles_of_files(files):
    reasons = edges(files)
    graph = {}
    for here, there in reasons:
        graph.setdefault(here, set()).add(there)
    for circle in circles(graph):
        why = [reasons[pair] for pair in sorted(reasons)
               if pair[0] in circle and pair[1] in circle]
        yield ' <-> '.join(circle) + ': ' + '; '.join(why)


def circles_of_rooms(arrows):
    for circle in circles(arrows):
        yield ' <-> '.join(circle)


GATES = {
    'every file is in a room': wrong_rooms,
    'includes are written from the root of a tree or lie beside':
        lambda files, arrows: wrong_includes(files),
    'arrows between rooms': wrong_arrows,
    'no circle of rooms': lambda files, arrows: circles_of_rooms(arrows),
    'no circle of files': lambda files, arrows: circles_of_files(files),
}


def main():
    tree = pathlib.Path(
        sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / '..')
    files, arrows = load(tree), parse_arrows()
    for n, (name, gate) in enumerate(GATES.items(), 1):
        wrong = list(gate(files, arrows))
        print(f'{"not " if wrong else ""}ok {n} {name}')
        for line in wrong:
            print('#', line)
    print(f'1..{len(GATES)}')


if __name__ == '__main__':
    main()
