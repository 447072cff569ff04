/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What gpu-bench measures with, and its commands. */

#ifndef GPU_BENCH_H
#define GPU_BENCH_H

#include "cudnn/executor.h"

G_BEGIN_DECLS

#define BENCH_MAX_SAMPLES 51

/* How much is measured. */
typedef struct {
  guint n_batches; /* of bench_batches */
  guint n_samples, n_warm_ups;
  guint n_images; /* back to back, at least eight batches */
  guint n_frames; /* of each thread */
  gsize cold_size;
  gboolean narrow;
} BenchExtent;

extern const BenchExtent *bench_extent;
extern const guint bench_batches[];

/* Ends the program with the message, when there is an error. */
void bench_die_on (GError *error);

typedef struct {
  AlexnetDevice device;
  AlexnetExecutor executor;
  cudaEvent_t begin, end;
  void *cold; /* cold_size bytes to overwrite the cache with */
} Bench;

/* For batches of up to `max_batch`. */
void bench_open (Bench *bench, const AlexnetNetwork *network,
    AlexnetPrecision precision, guint max_batch);
void bench_close (Bench *bench);

/* The device's cache then has nothing of the weights, what it was asked to keep
 * neither. */
void bench_make_cold (Bench *bench, guint n_times);

/* Sorts them. */
double bench_median (double *samples, guint n);

/* The commands. */
void bench_speed (const AlexnetNetwork *network, AlexnetPrecision precision);
void bench_frames (const AlexnetNetwork *network, AlexnetPrecision precision);
void bench_profile (const AlexnetNetwork *network, AlexnetPrecision precision);

G_END_DECLS

#endif /* GPU_BENCH_H */
