#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be said of the kernels' speed from their machine code, for every
architecture in it: registers, shared memory, spills, occupancy, loads by width.
Prints TAP, and tables as comments: static.py NVCC OBJECT [ARCH...]

OBJECT is kernels.o or backend-cudnn.so of a build; cuobjdump and nvdisasm are
those beside NVCC or, where it has none, of Python's packages, kept in
${XDG_CACHE_HOME:-~/.cache}/alexnetclassify/disassembler."""
import collections
import fcntl
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = 'nvidia-cuda-cuobjdump', 'nvidia-cuda-nvdisasm'
WARP = 32
VECTOR = 16  # bytes
# Bytes a processor, at least. pooled_gemv is taken only where the clock says
# so; on sm_80 in f32 it has 24 KiB.
IN_FLIGHT = {'gemv': 32 << 10, 'pooled_gemv': 16 << 10}
# Outputs of AlexNet's first two fully connected layers, which have nine tenths
# of all weights. The third has 1000, for less than a block a processor.
GEMV_ROWS = 4096
# 8.6 has no device in devices.json; 8.7 has its registers, threads and blocks.
LIKE = {86: 87}
CANVAS = 'pixels', 'tensor'
# A block of lrn_pool stores its pixel's channels side by side.
WIDE = {'maxpool': ('LDG', 'STG'), 'lrn': ('LDG', 'STG'), 'lrn_pool': ('LDG',)}
PRODUCTS = {'gemv': 'GEMV_WARPS', 'pooled_gemv': 'POOLED_WARPS'}
BRANCHES = 'BRA', 'BRX', 'EXIT', 'RET', 'JMP', 'JMX'

Instruction = collections.namedtuple('Instruction', 'opcode operands')


class Kernel:
    """One function for one architecture: blocks of instructions."""

    def __init__(self, arch, name):
        self.arch, self.name = arch, name
        self.short = name.removeprefix('alexnet_')
        self.kind = self.short.rsplit('_', 1)[0].removesuffix('_s8')
        self.registers = self.shared = 0
        self.blocks = [[]]

    def add(self, text):
        opcode, _, rest = re.sub(r'^@!?U?P\w+\s+', '', text).partition(' ')
        self.blocks[-1].append(Instruction(opcode, rest.split(',')))
        if opcode.split('.')[0] in BRANCHES:
            self.blocks.append([])

    def count(self, *names):
        return sum(i.opcode.split('.')[0] in names
                   for block in self.blocks for i in block)

    def widths(self, name='LDG'):
        return collections.Counter(
            width(i) for block in self.blocks for i in block
            if i.opcode.split('.')[0] == name)


def width(instruction):
    """Bytes that a thread moves."""
    for part, size in (('256', 32), ('128', 16), ('64', 8), ('U16', 2),
                       ('S16', 2), ('U8', 1), ('S8', 1)):
        if part in instruction.opcode.split('.'):
            return size
    return 4


def registers_in(operands):
    return {int(n) for n in re.findall(r'\bR(\d+)\b', ','.join(operands))}


def pending(block):
    """Wide loads of a block, and how many of them are on their way at most
    before something that they bring is used."""
    waiting, n, most = {}, 0, 0
    for instruction in block:
        name = instruction.opcode.split('.')[0]
        first = 1 if name == 'LDG' else 0
        used = registers_in(instruction.operands[first:])
        waiting = {k: v for k, v in waiting.items() if not used & v}
        if name == 'LDG' and width(instruction) == VECTOR:
            target = min(registers_in(instruction.operands[:1]))
            waiting[n] = set(range(target, target + VECTOR // 4))
            n += 1
            most = max(most, len(waiting))
    return n, most


def parse(text, arch):
    """Kernels of what nvdisasm prints."""
    kernels, kernel = {}, None
    for line in text.splitlines():
        begin = re.match(r'\.text\.(\w+):', line)
        instruction = re.match(r'\s+/\*[0-9a-f]{4,}\*/\s+(.*?)\s*;', line)
        if begin:
            kernel = kernels[begin[1]] = Kernel(arch, begin[1])
        elif kernel and re.match(r'\.L_\w+:', line):
            kernel.blocks.append([])
        elif kernel and instruction:
            kernel.add(instruction[1])
    return kernels


def add_usage(kernels, text):
    """What cuobjdump says that they take."""
    for name, usage in re.findall(r'Function (\w+):\s+(.*)', text):
        numbers = dict(re.findall(r'(\w+):(\d+)', usage))
        kernels[name].registers = int(numbers['REG'])
        kernels[name].shared = int(numbers['SHARED'])


class Limits:
    """Of a processor, by what devices.json says of the largest device."""

    def __init__(self, arch, devices):
        of_arch = [d for d in devices
                   if d['deviceVer'] == 10 * LIKE.get(arch, arch)]
        if not of_arch:
            raise SystemExit(f'{arch} has no device in devices.json')
        device = max(of_arch, key=lambda d: d['multiProcessorCount'])
        self.processors = device['multiProcessorCount']
        self.warps = device['maxThreadsPerSM'] // WARP
        self.blocks = device['maxCtasPerSM']
        self.registers = device['maxRegistersPerSM']
        self.reserved = device['reservedSharedMemoryPerBlock']
        self.shared = device['maxSharedMemoryPerBlockOptin'] + self.reserved

    def resident(self, kernel, n_threads):
        """Blocks. Each of four schedulers has a quarter of the registers, of
        which a warp takes 256 at once."""
        warps = n_threads // WARP
        of_warp = -(-kernel.registers * WARP // 256) * 256
        by_registers = self.registers // 4 // of_warp * 4 // warps
        by_shared = self.shared // max(kernel.shared + self.reserved, 1)
        return min(self.blocks, self.warps // warps, by_registers, by_shared)


def load_devices():
    found = json.loads(
        (ROOT / 'tests/data/devices.json').read_text(encoding='utf-8'))
    common = found.pop('all')
    return [common | device for device in found.values()]


def constants():
    text = (ROOT / 'engine/cudnn/kernel-args.h').read_text(encoding='utf-8')
    return {name: int(value) for name, value in re.findall(
        r'#define ALEXNET_(\w+) (\d+)\b', text)}


def threads(kernel, args):
    if kernel.kind in CANVAS:
        return args['CANVAS_X'] * args['CANVAS_Y']
    if kernel.kind in PRODUCTS:
        return WARP * args[PRODUCTS[kernel.kind]]
    return args['THREADS']


def check_spills(kernel):
    n = kernel.count('LDL', 'STL')
    return f'{n} accesses of local memory' if n else None


def check_widths(kernel):
    """What gemv multiplies comes in vectors, and so does what the others read
    and write where their channels allow it."""
    if kernel.kind in PRODUCTS:
        for block in kernel.blocks:
            if sum('FMA' in i.opcode for i in block) < 4:
                continue
            narrow = [i.opcode for i in block if i.opcode.startswith('LDG')
                      and width(i) < VECTOR]
            if narrow:
                return f'{narrow[0]} among its products'
    elif kernel.kind in WIDE:
        for name in WIDE[kernel.kind]:
            if not kernel.widths(name)[VECTOR]:
                return f'no {name} of {VECTOR} bytes'
    return None


def loops(kernel, args):
    """(name, wide loads of the step that is unrolled) of those over weights:
    gemv reads its columns from memory, a vector of each for one of weights, or
    two for one of 8 bits; pooled_gemv reads one from shared memory."""
    weights = args['GEMV_ROWS'] * args['GEMV_AHEAD']
    if kernel.kind == 'pooled_gemv':
        return [('the loop', weights)]
    inputs = args['GEMV_AHEAD'] * (2 if '_s8_' in kernel.name else 1)
    columns = [2 ** n for n in range(args['GEMV_COLUMNS'].bit_length())]
    return [(f'the loop over {n} columns', weights + inputs * n)
            for n in columns]


def check_in_flight(kernel, limits, args):
    """Weights that are on their way to a processor that has work: what a warp
    asks for before it uses the first, of the warps that are there."""
    warps = threads(kernel, args) // WARP
    blocks = GEMV_ROWS // (args['GEMV_ROWS'] * warps)
    here = warps * min(limits.resident(kernel, warps * WARP),
                       max(blocks // limits.processors, 1))
    weights = args['GEMV_ROWS'] * args['GEMV_AHEAD']
    found = dict(pending(block) for block in kernel.blocks)
    for name, loads in loops(kernel, args):
        n_bytes = here * WARP * VECTOR * min(found.get(loads, 0), weights)
        least = IN_FLIGHT[kernel.kind]
        if n_bytes < least:
            return f'{n_bytes} bytes a processor in {name}, not {least}'
    return None


def check(kernel, limits, args):
    """What is wrong with it, or None."""
    return (check_spills(kernel) or check_widths(kernel) or
            (check_in_flight(kernel, limits, args)
             if kernel.kind in PRODUCTS else None))


def damaged(text, arch, usage):
    """(what was put in by hand, kernel, its kernels): each must be seen."""
    for what, name, pattern, fault in (
            ('a load of 4 bytes instead of 16', 'alexnet_gemv_f16',
             r'(LDG\.E)\.128', r'\1'),
            ('a spill', 'alexnet_gemv_bf16', r'LDG\.E\.128\S* R',
             'LDL.128 R'),
            ('a use in front of the next load', 'alexnet_gemv_f32',
             r'(LDG\S*128\S* (R\d+), .*?;)', r'\1\n /*0000*/ MOV R0, \2 ;'),
            ('a store of 4 bytes instead of 16', 'alexnet_maxpool_f16',
             r'(STG\.E)\.128', r'\1')):
        begin = text.index(f'.text.{name}:')
        head, body = text[:begin], text[begin:]
        end = body.find('\n.text.', 1)
        end = len(body) if end < 0 else end
        kernels = parse(head + re.sub(pattern, fault, body[:end]) + body[end:],
                        arch)
        add_usage(kernels, usage)
        yield what, kernels[name]


def tools(nvcc):
    """(cuobjdump, nvdisasm), or an error of those who bring them."""
    beside = [pathlib.Path(nvcc).parent / name
              for name in ('cuobjdump', 'nvdisasm')]
    if all(path.exists() for path in beside):
        return beside
    cache = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or
                         pathlib.Path.home() / '.cache') / 'alexnetclassify'
    cache.mkdir(parents=True, exist_ok=True)
    venv = cache / 'disassembler'
    with open(cache / 'disassembler.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(venv.glob('lib/*/site-packages/nvidia/*/bin/nvdisasm')):
            subprocess.run(['/usr/bin/python3', '-m', 'venv', venv], check=True)
            subprocess.run(
                [venv / 'bin/pip', 'install', '-q', '--no-deps',
                 '--no-cache-dir', '--disable-pip-version-check', *PACKAGES],
                check=True, timeout=600)
    return [next(venv.glob(f'lib/*/site-packages/nvidia/*/bin/{path.name}'))
            for path in beside]


def run(*command, cwd=None):
    return subprocess.run(command, check=True, cwd=cwd, text=True,
                          stdout=subprocess.PIPE).stdout


def disassemble(cuobjdump, nvdisasm, path, wanted):
    """(arch, disassembly, usage) of each machine code in the file, or of the
    wanted ones."""
    with tempfile.TemporaryDirectory() as work:
        run(cuobjdump, '-xelf', 'all', pathlib.Path(path).resolve(), cwd=work)
        for cubin in pathlib.Path(work).glob('*.cubin'):
            arch = re.search(r'sm_(\d+)', cubin.name)
            if arch and (not wanted or arch[1] in wanted):
                yield (int(arch[1]), run(nvdisasm, '-c', cubin),
                       run(cuobjdump, '-res-usage', cubin))


def table(kernels, limits, args):
    yield (f'{"":19}{"registers":>10}{"shared":>8}{"spills":>8}{"warps":>7}'
           f'{"of":>4}   loads by bytes')
    for kernel in kernels:
        n = threads(kernel, args)
        warps = limits.resident(kernel, n) * n // WARP
        loads = ', '.join(f'{count} of {size}' for size, count in
                          sorted(kernel.widths().items()))
        yield (f'{kernel.short:19}{kernel.registers:10}{kernel.shared:8}'
               f'{kernel.count("LDL", "STL"):8}{warps:7}{limits.warps:4}   '
               f'{loads}')


def say(n, name, wrong):
    print(f'{"not " if wrong else ""}ok {n} {name}')
    for line in [wrong] if wrong else []:
        print(f'# {line}')


def main():
    nvcc, path, *wanted = sys.argv[1:]
    args = constants()
    devices = load_devices()
    try:
        found = tools(nvcc)
    except (subprocess.SubprocessError, OSError, StopIteration) as error:
        print(f'1..0 # SKIP no cuobjdump and nvdisasm: {error}')
        return
    codes = sorted(disassemble(*found, path, wanted))
    n = 0
    for arch, text, usage in codes:
        limits = Limits(arch, devices)
        kernels = parse(text, arch)
        add_usage(kernels, usage)
        for kernel in kernels.values():
            n += 1
            say(n, f'sm_{arch} {kernel.short}', check(kernel, limits, args))
        for line in table(kernels.values(), limits, args):
            print(f'# {line}')
    for what, kernel in damaged(*codes[0][1::-1], codes[0][2]):
        n += 1
        wrong = check(kernel, Limits(kernel.arch, devices), args)
        say(n, f'{what} is seen: {wrong}', None if wrong else 'it is not')
    print(f'1..{n}')


if __name__ == '__main__':
    main()
