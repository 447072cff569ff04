#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks an Indexed Job of Kubernetes and prints a shell function `run_pod` that
runs its container's command here: read-job.py JOB.yaml FOLDER, in which the
volumes are.
"""
import shlex
import sys

import yaml

job = yaml.safe_load(open(sys.argv[1], encoding='utf-8'))
spec = job['spec']
pod = spec['template']['spec']
container, = pod['containers']
assert job['apiVersion'] == 'batch/v1' and job['kind'] == 'Job'
assert spec['completionMode'] == 'Indexed'
# A pod failure policy is refused with any other.
assert pod['restartPolicy'] == 'Never'
assert f'--shards={spec["completions"]}' in container['args']
rule = spec['podFailurePolicy']['rules'][1]
assert rule['action'] == 'FailIndex'
assert rule['onExitCodes']['containerName'] == container['name']
assert 75 not in rule['onExitCodes']['values']
assert {m['name'] for m in container['volumeMounts']} == \
    {v['name'] for v in pod['volumes']}

words = container['command'] + container['args']
for mount in container['volumeMounts']:
    words = [word.replace('=' + mount['mountPath'],
                          f'={sys.argv[2]}{mount["mountPath"]}')
             for word in words]
print('run_pod () {\n  PATH=$root/pipelines/batch:$PATH', shlex.join(words),
      '\n}')
