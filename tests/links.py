#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints what texts in Markdown name and is not there: links.py FILE...

That is the target of a relative link, with its heading, and a path in
backticks: one that begins with .. or with a folder that stands beside the file
or in this tree. Patterns have to fit something.
"""
import pathlib
import re
import sys

TREE = pathlib.Path(__file__).parent.parent
LINK = re.compile(r'\]\(([^)\s]+)\)')
QUOTED = re.compile(r'`([^`\s]+/[^`\s]*)`')
HEADING = re.compile(r'^#+ +(.*)$', re.MULTILINE)
BLOCK = re.compile(r'^```.*?^```$', re.MULTILINE | re.DOTALL)


def anchors(path):
    """How a heading is named in a link."""
    text = BLOCK.sub('', path.read_text(encoding='utf-8'))
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
            for heading in HEADING.findall(text)}


def link_is_broken(file, target):
    if re.match(r'[a-z]+:', target):
        return False
    path, _, anchor = target.partition('#')
    path = file.parent / path if path else file
    return not path.exists() or anchor and anchor not in anchors(path)


def path_is_broken(file, quoted):
    first = quoted.split('/')[0]
    bases = [base for base in (file.parent, TREE)
             if first == '..' or first and (base / first).is_dir()]
    # What is built is not in the tree.
    return bases and first != 'build' and not any(
        list(base.glob(quoted)) for base in bases)


def complaints(file):
    text = BLOCK.sub('', file.read_text(encoding='utf-8'))
    for target in LINK.findall(text):
        if link_is_broken(file, target):
            yield f'{file}: a link to {target}'
    for quoted in QUOTED.findall(text):
        if path_is_broken(file, quoted):
            yield f'{file}: {quoted}'


for name in sys.argv[1:]:
    for line in complaints(pathlib.Path(name)):
        print(line)
