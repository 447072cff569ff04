#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads tables of `alexnet-batch parquet` with pyarrow and with DuckDB, and
compares both with the lines that they were made of: check-tables.py RESULTS OUT
"""
import collections
import json
import pathlib
import sys

import duckdb
import pyarrow.dataset
from pyarrow import parquet

COLUMNS = ('video_id', 'stream_time_ns', 'frame_number', 'region',
           'region_name', 'x', 'w', 'class_ids', 'labels', 'backend', 'version',
           'model_sha256')


def same(expected, found):
    if expected != found:
        raise SystemExit(f'expected {expected!r}, found {found!r}')


def read_lines(results):
    """A tuple of COLUMNS for each region, and [confidences]."""
    for path in results.glob('??/*.jsonl'):
        key = json.loads(path.with_suffix('.done').read_text())['key']
        for line in map(json.loads, path.read_text().splitlines()):
            for region in line['regions']:
                whole = region['region'] == 'full-frame'
                classes = region['classes']
                yield (path.stem[-12:], line['stream_time'],
                       line['frame_number'], region['region'],
                       region['region_name'], None if whole else region['x'],
                       None if whole else region['width'],
                       tuple(one['class_id'] for one in classes),
                       tuple(one['label'] for one in classes),
                       line['backend'], key['version'], key['model']), \
                    [one['confidence'] for one in classes]


def freeze(row):
    return tuple(tuple(value) if isinstance(value, list) else value
                 for value in row)


def check_rows(expected, rows):
    """rows: COLUMNS and confidences. Theirs are float32."""
    found = {freeze(row[:-1]): row[-1] for row in rows}
    same(set(expected), set(found))
    for key, confidences in expected.items():
        if any(abs(a - b) > 1e-6 for a, b in zip(confidences, found[key])):
            raise SystemExit(f'{key}: {confidences} became {found[key]}')


def check_results(results, tables):
    expected = dict(read_lines(results))
    columns = [*COLUMNS, 'confidences']
    table = pyarrow.dataset.dataset(
        tables / 'results', partitioning='hive').to_table(columns=columns)
    same(len(expected), table.num_rows)
    check_rows(expected, zip(*(table[name].to_pylist() for name in columns)))
    rows = duckdb.execute(
        f'SELECT {", ".join(columns)} FROM read_parquet(?,'
        ' hive_partitioning = true)',
        [str(tables / 'results/**/*.parquet')]).fetchall()
    same(len(expected), len(rows))
    check_rows(expected, rows)


def check_settings(results, tables):
    """Of each file: those of the markers with results in it."""
    keys = {}
    for path in results.glob('??/*.done'):
        key = json.loads(path.read_text())['key']
        keys[path.stem[-12:]] = {name: key[name] for name in (
            'model', 'files', 'settings', 'version')}
    files = list(tables.glob('results/*/*/*.parquet'))
    same(2, len(files))  # the runs of parquet.sh
    for path in files:
        file = parquet.ParquetFile(path)
        settings = json.loads(file.schema_arrow.metadata[b'alexnet.settings'])
        for number in set(file.read(['video_id'])['video_id'].to_pylist()):
            same(keys[number], settings)


def check_videos(results, tables):
    rows = duckdb.sql(
        'SELECT video_uri, status, stage, results, time IS NULL'
        f" FROM '{tables}/videos*.parquet'").fetchall()
    lines = collections.Counter(key[0] for key, _ in read_lines(results))
    same(sorted(lines.values()), sorted(
        n for _, status, _, n, _ in rows if status == 'done'))
    same([('empty.mp4', 'failed', 'open', 0, False),
          ('refused.webm', 'retry', 'open', 0, False)],
         sorted((uri.rpartition('/')[2], *rest) for uri, *rest in rows
                if rest[0] != 'done'))
    table = pyarrow.dataset.dataset(
        [str(path) for path in tables.glob('videos*.parquet')]).to_table()
    same(len(rows), table.num_rows)


def main():
    for check in check_results, check_settings, check_videos:
        check(*map(pathlib.Path, sys.argv[1:]))


if __name__ == '__main__':
    main()
