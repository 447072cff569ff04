# SPDX-License-Identifier: LGPL-2.1-or-later
"""alexnet-batch: classifies many videos and pictures, a part of them on each of
many machines.

    cli       options and exit codes
    inputs    the list of what is to be classified, and a part of it
    worker    takes one input after the other: tries again, counts, stops
    pipeline  one input through GStreamer
    results   where results lie, what is done already, failures
    progress  how far it is
    signals   being asked to end

cli knows all others, worker those below it, and these do not know each other
but for `Failure` of errors.py. An engine (Slurm, Kubernetes, Dask, GNU
parallel) runs the command and knows nothing but its options and exit codes.
"""
