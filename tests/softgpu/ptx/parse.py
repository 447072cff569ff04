# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the text of a PTX module to its kernels: variables, registers, and
instructions in blocks that are entered at the top and left at the end.

Only what nvcc writes for this project's kernels is read; all else is refused,
with its line.
"""
import dataclasses
import re

WIDTHS = {'pred': 1, 'b16': 16, 'b32': 32, 'f32': 32, 'b64': 64}

# What threads wait for each other at; each begins a block.
MEETINGS = ('bar.sync', 'shfl.sync')

ENTRY = re.compile(r'\.visible \.entry (\w+)\(\s*\.param \.align (\d+) '
                   r'\.b8 (\w+)\[(\d+)\]\s*\)\s*\{(.*?)^\}', re.S | re.M)
HEADER = re.compile(r'\.version [\d.]+\s+\.target sm_\d+\s+'
                    r'\.address_size 64\s*')
REGISTERS = re.compile(r'\.reg \.(\w+) (%\w+)(?:<(\d+)>)?')
VARIABLE = re.compile(r'\.(shared|local) \.align (\d+) \.b8 (\w+)\[(\d+)\]')
PRAGMA = re.compile(r'\.pragma "(nounroll|used_bytes_mask \w+)"')
LABEL = re.compile(r'(\$\w+):')
INSTRUCTION = re.compile(r'(?:@(!?)(%p\d+) )?([a-z][\w.]*)(?: (.+))?')
OPERAND = re.compile(r'\{[^}]*\}|\[[^]]*\]|[^,\s]+')
ADDRESS = re.compile(r'\[([%\w]+)(?:\+(-?\d+))?\]')


class Refusal(Exception):
    """Not what this interpreter knows."""


@dataclasses.dataclass(frozen=True)
class Register:
    name: str
    bits: int


@dataclasses.dataclass(frozen=True)
class Special:
    """%tid.x and the like."""
    name: str


@dataclasses.dataclass(frozen=True)
class Number:
    """What stands in the text: an int, or the bits of a float."""
    value: int
    is_float: bool


@dataclasses.dataclass(frozen=True)
class Variable:
    """In a space: param, shared or local. As an operand, its address."""
    space: str
    name: str
    align: int
    size: int


@dataclasses.dataclass(frozen=True)
class Address:
    base: object
    offset: int


@dataclasses.dataclass
class Instruction:
    line: int
    opcode: str
    operands: list
    guard: Register = None
    negated: bool = False
    text: str = ''


@dataclasses.dataclass
class Block:
    """`target` is where its last instruction branches to, `next` the block
    that follows; -1 where there is none."""
    labels: list
    instructions: list
    target: int = -1
    next: int = -1


@dataclasses.dataclass
class Kernel:
    name: str
    param: Variable
    variables: list
    registers: dict
    blocks: list


def statements(body, line):
    """(line, text) of what ends with a semicolon or is a label. The braces
    around inline assembly scope nothing here."""
    for number, text in enumerate(body.split('\n'), line):
        text = ' '.join(text.split('//')[0].split())
        label = LABEL.match(text)
        if label:
            yield number, label[0]
            text = text[label.end():]
        for part in text.split(';'):
            part = part.lstrip('{ ')
            if part and part != '}':
                yield number, part


class Reader:
    """Reads the body of one kernel."""

    def __init__(self, name, param):
        self.kernel = Kernel(name, param, [], {}, [])
        self.names = {param.name: param}
        self.open = None

    def refuse(self, line, what):
        raise Refusal(f'{self.kernel.name}, line {line}: {what}')

    def declare(self, line, text):
        registers = REGISTERS.fullmatch(text)
        variable = VARIABLE.fullmatch(text)
        if registers and registers[1] in WIDTHS:
            kind, name, count = registers.groups()
            names = [f'{name}{i}' for i in range(int(count))] if count else [
                name]
            for name in names:
                self.names[name] = Register(name, WIDTHS[kind])
                self.kernel.registers[name] = WIDTHS[kind]
        elif variable:
            space, align, name, size = variable.groups()
            self.names[name] = Variable(space, name, int(align), int(size))
            self.kernel.variables.append(self.names[name])
        elif not PRAGMA.fullmatch(text):
            self.refuse(line, f'directive {text}')

    def operand(self, line, text):
        """None where a value goes nowhere; a list of what is in braces."""
        if text.startswith('{') or '|' in text:
            return [self.operand(line, part)
                    for part in re.split(r'[,|]\s*', text.strip('{}'))]
        if text == '_':
            return None
        if text in self.names:
            return self.names[text]
        if re.fullmatch(r'%(tid|ctaid)\.[xy]', text):
            return Special(text)
        if re.fullmatch(r'0f[0-9A-F]{8}', text):
            return Number(int(text[2:], 16), True)
        if re.fullmatch(r'-?\d+', text):
            return Number(int(text), False)
        address = ADDRESS.fullmatch(text)
        if address and address[1] in self.names:
            return Address(self.names[address[1]], int(address[2] or 0))
        if LABEL.fullmatch(text + ':'):
            return text
        return self.refuse(line, f'operand {text}')

    def instruction(self, line, text):
        match = INSTRUCTION.fullmatch(text)
        if not match:
            self.refuse(line, text)
        negated, guard, opcode, rest = match.groups()
        operands = [self.operand(line, part)
                    for part in OPERAND.findall(rest or '')]
        return Instruction(line, opcode, operands,
                           self.operand(line, guard) if guard else None,
                           bool(negated), text)

    def append(self, instruction):
        meets = instruction.opcode.startswith(MEETINGS)
        if self.open is None or meets and self.open.instructions:
            self.start([])
        self.open.instructions.append(instruction)
        if instruction.opcode in ('bra', 'bra.uni', 'ret'):
            self.open = None

    def start(self, labels):
        self.open = Block(labels, [])
        self.kernel.blocks.append(self.open)

    def read(self, body, line):
        for number, text in statements(body, line):
            if text.startswith('.'):
                self.declare(number, text)
            elif LABEL.fullmatch(text):
                if self.open is None or self.open.instructions:
                    self.start([])
                self.open.labels.append(text[:-1])
            else:
                self.append(self.instruction(number, text))
        self.connect()
        return self.kernel

    def connect(self):
        blocks = self.kernel.blocks
        at = {label: i for i, block in enumerate(blocks)
              for label in block.labels}
        for i, block in enumerate(blocks):
            last = block.instructions[-1]
            if last.opcode.startswith('bra'):
                if last.operands[0] not in at:
                    self.refuse(last.line, f'no label {last.operands[0]}')
                block.target = at[last.operands[0]]
            ends = last.opcode in ('bra', 'bra.uni', 'ret')
            if not ends or last.guard:
                block.next = i + 1
        if blocks[-1].next == len(blocks):
            self.refuse(last.line, 'the kernel does not end')


def parse(text):
    """{name: Kernel} of a module."""
    kernels = {}
    rest = text
    for match in ENTRY.finditer(text):
        name, align, param, size, body = match.groups()
        line = text.count('\n', 0, match.start(5)) + 1
        variable = Variable('param', param, int(align), int(size))
        kernels[name] = Reader(name, variable).read(body, line)
        rest = rest.replace(match[0], '', 1)
    rest = re.sub(r'//.*', '', rest).strip()
    if not HEADER.fullmatch(rest + '\n'):
        raise Refusal(f'module: {rest[:200]}')
    return kernels
