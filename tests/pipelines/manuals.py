#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Manual pages are well-formed, and name the options that --help names: in the
synopsis those of each command, below all, with their arguments. The engine's
page and its README name the variables of the environment that it reads. Prints
TAP."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ['BUILD'])
EVERYWHERE = {'help', 'version'}
# Page, command, its own commands; '' is without one.
MANUALS = (
    (ROOT / 'engine/tools/alexnet-inspect.1',
     BUILD / 'engine/tools/alexnet-inspect',
     ('summary', 'check', 'classify', 'convert', 'calibrate', 'bench')),
    (ROOT / 'pipelines/batch/alexnet-batch.1',
     ROOT / 'pipelines/batch/alexnet-batch', ('', 'report', 'parquet')))
# Of sources: what is read by its name, and ours that something else reads.
VARIABLE = re.compile(r'g_getenv \("(\w+)"\)|"(ALEXNET_[A-Z0-9_]+)"')
LINTERS = (('mandoc', '-Tlint', '-Wwarning'),
           ('man', '--warnings', '-E', 'UTF-8', '-l'))
# Of --help, as GOption and as argparse write it, and of a page.
HELP = re.compile(
    r'^  (?:-(\w)(?: \S+)?, )?--([a-z-]+)(?:[ =](\S+))?(?:  |$)', re.MULTILINE)
ITEM = re.compile(
    r'^\.It (?:Fl (\w) , )?Fl -([a-z-]+)(?: Ns = Ns Ar (\S+))?$', re.MULTILINE)


def run(*words, **more):
    return subprocess.run([*map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60,
                          check=False, **more)


def read_help(program, command, modules):
    """Of parquet without what it needs."""
    words = [command] if command else []
    done = run(program, *words, '--help',
               env={**os.environ, 'PYTHONPATH': modules, 'LC_ALL': 'C.UTF-8'})
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_synopsis(page):
    """{command: names of its options}"""
    text = page.partition('.Sh SYNOPSIS\n')[2].partition('\n.Sh ')[0]
    found = {}
    for form in text.split('.Nm\n')[1:]:
        command = re.match(r'\.Cm (\S+)\n', form)
        found.setdefault(command[1] if command else '', set()).update(
            re.findall(r'Fl -([a-z-]+)', form))
    return {command: names - EVERYWHERE
            for command, names in found.items() if names - EVERYWHERE}


def without_common(options):
    return {option for option in options if option[1] not in EVERYWHERE}


def check_options(path, program, commands, modules):
    page = path.read_text(encoding='utf-8')
    helps = {command: without_common(HELP.findall(
        read_help(program, command, modules))) for command in commands}
    expected = {command: {name for _, name, _ in options}
                for command, options in helps.items()}
    assert read_synopsis(page) == expected, (read_synopsis(page), expected)
    found = without_common(ITEM.findall(page))
    assert found == set().union(*helps.values()), \
        found ^ set().union(*helps.values())


def check_codes(path, program, commands, modules):
    codes = set(re.findall(r'^  (\d+)  ', read_help(program, '', modules),
                           re.MULTILINE))
    page = set(re.findall(r'^\.It (\d+)$', path.read_text(encoding='utf-8'),
                          re.MULTILINE))
    assert codes == page, (codes, page)


def read_variables():
    return {getenv or ours for folder in ('engine', 'gst')
            for path in (ROOT / folder).glob('**/*.c')
            for getenv, ours in VARIABLE.findall(path.read_text('utf-8'))}


def check_variables(page, heading, name):
    """Below this heading, where `name` finds them."""
    text = page.read_text(encoding='utf-8').partition(heading)[2]
    section = re.split(r'\n\.Sh |\n## ', text)[0]
    found = set(re.findall(r'[A-Z]\w+', ' '.join(name.findall(section))))
    assert found == read_variables(), found ^ read_variables()


def check_form(path, linter):
    done = run(*linter, path)
    said = done.stderr + (done.stdout if linter[0] == 'mandoc' else '')
    assert done.returncode == 0 and not said, said


def report(number, name, function, *arguments):
    try:
        function(*arguments)
        print(f'ok {number} {name}')
    except AssertionError as error:
        print(f'not ok {number} {name}')
        print(f'# {error}'.replace('\n', '\n# '))


def main():
    number = 0
    with tempfile.TemporaryDirectory() as modules:
        (pathlib.Path(modules) / 'pyarrow.py').write_text(
            'import sys, unittest.mock\n'
            'sys.modules[__name__] = unittest.mock.MagicMock()\n')
        for path, program, commands in MANUALS:
            number += 1
            report(number, f'{path.name}: options', check_options, path,
                   program, commands, modules)
        number += 1
        report(number, 'alexnet-batch.1: exit codes', check_codes,
               *MANUALS[1], modules)
    for page, heading, name in (
            ('engine/tools/alexnet-inspect.1', '.Sh ENVIRONMENT',
             re.compile(r'^\.It Ev (.*)', re.MULTILINE)),
            ('engine/README.md', '## Variables of the environment',
             re.compile(r'^\| (`.*?) \|', re.MULTILINE))):
        number += 1
        report(number, f'{page}: environment', check_variables, ROOT / page,
               heading, name)
    for path, *_ in MANUALS:
        for linter in LINTERS:
            number += 1
            if shutil.which(linter[0]):
                report(number, f'{path.name}: {linter[0]}', check_form, path,
                       linter)
            else:
                print(f'ok {number} {path.name} # SKIP there is no {linter[0]}')
    print(f'1..{number}')


if __name__ == '__main__':
    main()
