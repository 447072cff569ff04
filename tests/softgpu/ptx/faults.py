# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults put into the kernels' PTX by hand: each must be seen, or else the
tests above would not see a real one."""
import dataclasses
import re

import memory
import parse
import samples


@dataclasses.dataclass(frozen=True)
class Fault:
    """An edit of every place in a kernel that the launch of `row` executes,
    one after the other, or of all `at_once`. What must come of it is one of
    `seen`: kinds of memory.Finding, `differs` or `refused`; in `harmless`
    places nothing does, because of what `why` says. nvcc writes such a place
    for devices `since` this capability."""
    name: str
    kernel: str
    real: str
    row: tuple
    pattern: str
    replacement: object
    seen: str
    harmless: int = 0
    why: str = ''
    at_once: bool = False
    since: int = 75


def one_further(match):
    """The next address of the same width."""
    count, size = re.search(r'(?:v(\d))?\.?[a-z](\d+)\s',
                            match[1]).groups()
    width = int(count or 1) * int(size) // 8
    return f'{match[1]}+{int(match[2] or 0) + width}];'


WHOLE = None
ACCESS = r'((?:ld|st)\.global\.\S+\s+[^;]*\[%\w+)(?:\+(-?\d+))?\];'
SHARED = ACCESS.replace('global', 'shared')
POOL = (2, 5, 7, 6, 2, 1, False, 2, 1)
WIDE_POOL = (1, 5, 7, 32, 2, 1, True, 3, 2)
WINDOW = (1, 5, 5, 32, 1, 1, True, (3, 2), 5, 1e-1, 0.75, 1.0, 1)
COPY = (2, 3, 5, 12, 3, 2, 1, 0)
FEW = (1, 1, 1, 100, 1, 2.0)
RISING = (1, 1, 1, 256, 1, 4.0, samples.rising)
PEAKED = (1, 1, 1, 256, 1, 4.0, samples.peaked)
GEMV = (1, 33, 9, 1)
POOLED = (5, 8, 6, 2, 9, 0, 3, 2, 1, 2)
FRAME = ('NV12', 45, 31, (7, 3, 33, 27), 'CENTER', 'BILINEAR_ANTIALIAS', 0,
         3, 13, 4, 3)
GREY = ('GRAY8', 30, 21, WHOLE, 'CENTER', 'BILINEAR_ANTIALIAS', 0, 3, 9, 2, 1)

FAULTS = (
    Fault('a wrong lane in a shuffle of a sum', 'gemv', 'f16', GEMV,
          r'(shfl\.sync\.bfly\.b32\s+\S+ \S+) [^,]+,', r'\1 0,', 'differs'),
    Fault('a wrong lane in a shuffle of a maximum', 'softmax', 'bf16', FEW,
          r'(shfl\.sync\.bfly\.b32\s+\S+ \S+) [^,]+,', r'\1 0,',
          'differs race'),
    Fault('a missing barrier', 'softmax', 'f32', RISING, r'bar\.sync\s+0;',
          '', 'race', harmless=1,
          why='nothing is in shared memory before the first'),
    Fault('a barrier that not all threads reach', 'softmax', 'f16', RISING,
          r'bar\.sync\s+0;(\s+setp\.[^;]*;\s+@%p\d+ bra\s+[^;]*;)',
          r'\1 bar.sync 0;', 'barrier'),
    Fault('a value that shared memory does not get', 'softmax', 'f32', PEAKED,
          r'st\.shared\S+\s+[^;]*;', '', 'unwritten differs'),
    Fault('an access one too far', 'maxpool', 'f16', POOL, ACCESS,
          one_further, 'outside unwritten race differs'),
    Fault('a vector one too far', 'maxpool', 'bf16', WIDE_POOL, ACCESS,
          one_further, 'outside unwritten race differs'),
    Fault('a sample or a weight one too far', 'pixels', 'f32', FRAME, ACCESS,
          one_further, 'outside unwritten race differs'),
    Fault('a weight or a bias one too far', 'gemv', 'f32', GEMV, ACCESS,
          one_further, 'outside unwritten race differs'),
    Fault('a pooled value, a weight or a bias one too far', 'pooled_gemv',
          'f16', POOLED, ACCESS, one_further,
          'outside unwritten race differs'),
    Fault('a pooled vector at another place', 'pooled_gemv', 'f32', POOLED,
          SHARED, one_further, 'outside unwritten race differs'),
    Fault('a product before all is pooled', 'pooled_gemv', 'bf16', POOLED,
          r'bar\.sync\s+0;', '', 'race unwritten'),
    Fault('an exponent one too far', 'softmax', 'f16', RISING, ACCESS,
          one_further, 'outside unwritten race differs', harmless=1,
          why='the search for the largest may begin with any of them'),
    Fault('a place of another thread', 'softmax', 'f16', RISING, SHARED,
          one_further, 'outside unwritten race differs', harmless=7,
          why='a quotient is the same, whatever is subtracted first'),
    Fault('a misaligned vector', 'maxpool', 'f16', WIDE_POOL,
          r'((?:ld|st)\.global\.v4\.\S+\s+[^;]*\[%\w+)\];', r'\1+4];',
          'misaligned'),
    Fault('a bound one too far', 'copy', 'f16', COPY,
          r'setp\.ge\.u32(\s+%p1,)', r'setp.gt.u32\1', 'outside unwritten'),
    Fault('a store under the wrong condition', 'copy', 'f16', COPY,
          r'st\.global\.[bu]16', r'@%p1 st.global.u16', 'differs'),
    Fault('all threads at one place', 'copy', 'f16', COPY,
          r'(mov\.u32\s+%r\d+), %tid\.x;', r'\1, 0;', 'race'),
    Fault('all blocks at one place', 'copy', 'f16', COPY,
          r'(mov\.u32\s+%r\d+), %ctaid\.x;', r'\1, 0;', 'race'),
    Fault('a shuffle that not the whole warp comes to', 'gemv', 'f16', GEMV,
          r'(mov\.u32\s+%r\d+), %ctaid\.x;', r'\1, %tid.x;', 'shuffle'),
    Fault('a write to what is the host\'s', 'copy', 'f32', COPY,
          r'(ld\.param\.u64\s+%rd\d+), \[[^]]*\];',
          r'\1, [alexnet_copy_f32_param_0];', 'read-only outside misaligned',
          harmless=1, why='it is read from there'),
    Fault('a parameter behind the last', 'gemv', 'f16', GEMV,
          r'(ld\.param\.\S+\s+[^;]*\[[%\w]+)(?:\+-?\d+)?\];', r'\1+4096];',
          'outside'),
    Fault('a division by zero', 'lrn', 'f32',
          (1, 3, 5, 7, 1, 7, False, 5, 1e-4, 0.75, 2.0),
          r'(div\.u32\s+%r\d+, %r\d+), %r\d+;', r'\1, 0;', 'division'),
    Fault('a component that is not written', 'pixels', 'f16', GREY,
          r'st\.global\S+\s+[^;]*;', '', 'differs'),
    Fault('a sum that is rounded down', 'gemv', 'f32', GEMV, r'fma\.rn\.f32',
          'fma.rm.f32', 'differs', at_once=True),
    Fault('a product that is not rounded', 'pixels', 'f32', FRAME,
          r'mul\.rn\.f32\s+(%f\d+), (%f\d+), (%f\d+);\s+'
          r'add\.rn\.f32\s+(%f\d+), (%f\d+), \1;',
          r'fma.rn.f32 \4, \2, \3, \5;', 'differs', at_once=True),
    Fault('a bfloat that is cut off', 'tensor', 'bf16', (7, 5, 3, 4, 2),
          r'cvt\.rn\.bf16\.f32 (%rs\d+), (%f\d+);',
          r'mov.b32 {\1, \1}, \2;', 'differs', since=80),
    Fault('a loop without an end', 'softmax', 'f16', (1, 1, 1, 2601, 1, 1.0),
          r'(add\.s32\s+(%r\d+), \2), \d+;', r'\1, 0;',
          'endless', at_once=True),
    Fault('an instruction that is not known', 'tensor', 'f16',
          (7, 5, 3, 4, 2), r'cvt\.rn\.f16\.f32', 'cvt.rz.f16.f32', 'refused'),
    Fault('weights, a scale or a bias one too far', 'gemv_s8', 'f16', GEMV,
          ACCESS, one_further, 'outside unwritten race differs'),
    Fault('a byte that is no weight', 'gemv_s8', 'f16', GEMV,
          r'(prmt\.b32\s+\S+ \S+ \S+) \S+;', r'\1 30292;', 'differs'),
    Fault('a window before all of it is loaded', 'lrn_pool', 'f16', WINDOW,
          r'bar\.sync\s+0;', '', 'race unwritten'),
    Fault('an access of a window one too far', 'lrn_pool', 'f32', WINDOW,
          ACCESS, one_further, 'outside unwritten race differs'),
)


LONGEST = 600  # blocks of code, where a fault may be a loop without an end


def cut(text, kernel):
    """A module of that kernel alone."""
    header = re.search(r'\.version.*?\.address_size 64\n', text, re.S)[0]
    for match in parse.ENTRY.finditer(text):
        if match[1] == kernel:
            return header + match[0] + '\n'
    raise KeyError(kernel)


def outcome(launch, expected, text):
    """What comes of a launch of that module."""
    try:
        got, _ = launch.interpret(parse.parse(text), longest=LONGEST)
    except parse.Refusal:
        return 'refused'
    except memory.Finding as finding:
        return finding.kind
    return 'differs' if launch.compare(got, expected) else 'nothing'


def executed(machine):
    """Lines of instructions that the launch got to."""
    return {instruction.line for block, (warps, _) in zip(
                machine.kernel.blocks, machine.ran) if warps
            for instruction in block.instructions}


def edits(fault, text, lines):
    """(line, edited text) of each place; a match ends at its instruction."""
    if fault.at_once:
        yield 0, re.sub(fault.pattern, fault.replacement, text)
        return
    for match in re.finditer(fault.pattern, text):
        line = text.count('\n', 0, match.end()) + 1
        if line in lines:
            new = (fault.replacement(match) if callable(fault.replacement)
                   else match.expand(fault.replacement))
            yield line, text[:match.start()] + new + text[match.end():]


def missed(fault, text, launch, host):
    """What is wrong with what comes of the fault; how many places it was put
    into."""
    text = cut(text, launch.name)
    expected = launch.run_on_host(host)
    got, machine = launch.interpret(parse.parse(text))
    if launch.compare(got, expected):
        return 'wrong even without the fault', 0
    found = [(line, outcome(launch, expected, edited))
             for line, edited in edits(fault, text, executed(machine))]
    nothing = [line for line, kind in found if kind == 'nothing']
    others = {kind for _, kind in found} - {'nothing', *fault.seen.split()}
    if others:
        return f'seen as {", ".join(sorted(others))}', len(found)
    if len(nothing) != fault.harmless or len(found) == fault.harmless:
        return (f'nothing comes of it at {nothing}, {len(found)} places in '
                f'all'), len(found)
    return None, len(found)
