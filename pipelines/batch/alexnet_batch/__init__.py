# SPDX-License-Identifier: LGPL-2.1-or-later
"""alexnet-batch: classifies many videos and pictures, a part of them on each of
many machines, and reads the results back.

    commands  what the first word asks for: one of the next three
    cli       classifies: options
    report    a page of results; report.html, chart, timeline and thumbnails
    parquet   tables of results
    inputs    the list of what is to be classified, and a part of it
    worker    takes one input after the other: tries again, counts, stops
    pipeline  one input through GStreamer
    results   where results lie, what is done already, failures
    archive   reads them back
    models    the model and other files that all results depend on
    progress  how far it is
    signals   being asked to end

cli knows worker and what stands below it, worker those below it, and these do
not know each other but for errors.py and what tells files apart (models);
archive and thumbnails take from results, pictures and pipeline what they have in
common with writing. An engine (Slurm, Kubernetes, Dask, GNU parallel) runs the
command and knows nothing but its options and exit codes.
"""
