#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adds up meson's test logs: results.py BUILD_DIRECTORY...

Counts what each test program reports, TAP lines or Check's totals, and a
program that reports neither as one. Prints each skip with its reason, then what
failed with its output, the end of it last, as logs are cut at their beginning;
and "N passed, N failed, N skipped" as the last line.
Exits with 1 when something failed or nothing passed. A build directory
without a log has failed, unless its file "skipped" says why it is one skip.
"""
import json
import pathlib
import re
import sys

MAX_LINES = 100
TAP = re.compile(r'^(not )?ok\b(.*?)(?:# *SKIP *(.*))?$', re.M | re.I)
TAP_SKIP_ALL = re.compile(r'^1\.\.0 *# *SKIP *(.*)$', re.M | re.I)
CHECK = re.compile(r'^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$',
                   re.M)
REASON = re.compile(r'^SKIP: *(.*)$', re.M)


def subtests(output):
    """(passed, failed, reasons of the skipped) as the program counted."""
    passed = failed = 0
    skips = TAP_SKIP_ALL.findall(output)
    for checks, failures, errors in CHECK.findall(output):
        bad = int(failures) + int(errors)
        passed, failed = passed + int(checks) - bad, failed + bad
    if re.search(r'^1\.\.\d', output, re.M):
        for bad, name, reason in TAP.findall(output):
            if bad:
                failed += 1
            elif reason:
                skips.append(f'{name.strip()}: {reason}')
            else:
                passed += 1
    return passed, failed, skips


def count(test):
    output = test['stdout']
    passed, failed, skips = subtests(output)
    if test['result'] == 'SKIP' and not skips:
        skips = REASON.findall(output) or ['no reason given']
    elif test['result'] == 'OK' and not passed and not skips:
        passed = 1
    elif test['result'] not in ('OK', 'SKIP') and not failed:
        failed = 1
    return passed, failed, skips


def failure(build, test, failed, total):
    output = (test['stdout'] + test.get('stderr', '')).splitlines()
    return '\n    '.join(
        [f'FAILED  {build}, {test["name"]}: {failed} of {total} (exit status '
         f'{test["returncode"]}); the end of its output:',
         *output[-MAX_LINES:]])


def main(builds):
    passed = failed = skipped = 0
    failures = []
    for build in map(pathlib.Path, builds):
        log = build / 'meson-logs' / 'testlog.json'
        reason = build / 'skipped'
        if reason.exists():
            print(f'SKIPPED {build.name}: {reason.read_text().strip()}')
            skipped += 1
            continue
        if not log.exists():
            failures.append(f'FAILED  {build.name}: no tests ran')
            failed += 1
            continue
        for line in log.read_text().splitlines():
            test = json.loads(line)
            good, bad, skips = count(test)
            passed, failed = passed + good, failed + bad
            skipped += len(skips)
            if bad:
                failures.append(failure(build.name, test, bad, good + bad))
            for reason in skips:
                print(f'SKIPPED {build.name}, {test["name"]}: {reason}')
    print(*failures, sep='\n', end='\n' if failures else '')
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
