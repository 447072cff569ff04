/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the processor does at most, to compare the times of layers with:
 * products in float and of whole numbers of 8 bits in registers, where there
 * are AVX-512 and VNNI, and bytes read out of the memory.
 *
 *     bench-peaks [THREADS] */

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#define TARGET __attribute__ ((target ("avx512f,avx512bw,avx512vnni")))
#endif

#define N_RUNS 7
#define N_PRODUCTS 2000000 /* by each of N_SUMS */
#define N_SUMS 12
#define N_BYTES ((gsize) 64 << 20) /* of each thread, beyond caches */

typedef struct {
  void (*work) (void *data);
  void *data;
} Job;

static volatile int sink;

#ifdef __x86_64__
TARGET static void
multiply_floats (void *data)
{
  __m512 sums[N_SUMS], factor = _mm512_set1_ps (0.5f);

#pragma GCC unroll 12
  for (int s = 0; s < N_SUMS; s++)
    sums[s] = _mm512_set1_ps ((float) s);
  for (int i = 0; i < N_PRODUCTS; i++)
#pragma GCC unroll 12
    for (int s = 0; s < N_SUMS; s++)
      sums[s] = _mm512_fmadd_ps (sums[s], factor, factor);
#pragma GCC unroll 12
  for (int s = 0; s < N_SUMS; s++)
    sink += (int) _mm512_reduce_add_ps (sums[s]);
}

TARGET static void
multiply_bytes (void *data)
{
  __m512i sums[N_SUMS], factor = _mm512_set1_epi8 (1);

#pragma GCC unroll 12
  for (int s = 0; s < N_SUMS; s++)
    sums[s] = _mm512_set1_epi32 (s);
  for (int i = 0; i < N_PRODUCTS; i++)
#pragma GCC unroll 12
    for (int s = 0; s < N_SUMS; s++)
      sums[s] = _mm512_dpbusd_epi32 (sums[s], factor, factor);
#pragma GCC unroll 12
  for (int s = 0; s < N_SUMS; s++)
    sink += _mm512_reduce_add_epi32 (sums[s]);
}
#endif

static void
read_bytes (void *data)
{
  typedef guint64 Vector __attribute__ ((vector_size (64)));
  const Vector *in = data;
  Vector sums[4] = { { 0 } };

  for (gsize i = 0; i < N_BYTES / sizeof *in; i += 4)
    for (int s = 0; s < 4; s++)
      sums[s] += in[i + (gsize) s];
  sums[0] += sums[1] + sums[2] + sums[3];
  sink += (int) sums[0][0];
}

static gpointer
run_job (gpointer data)
{
  const Job *job = data;

  job->work (job->data);
  return NULL;
}

/* Seconds of the fastest run of one job for each thread. */
static double
time_jobs (Job *jobs, guint n)
{
  gint64 best = G_MAXINT64;

  for (int run = 0; run < N_RUNS; run++) {
    g_autofree GThread **threads = g_new (GThread *, n);
    gint64 begin = g_get_monotonic_time ();

    for (guint i = 0; i < n; i++)
      threads[i] = g_thread_new ("job", run_job, &jobs[i]);
    for (guint i = 0; i < n; i++)
      g_thread_join (threads[i]);
    best = MIN (best, g_get_monotonic_time () - begin);
  }
  return (double) best / 1e6;
}

static void
print_peak (const char *what, double amount, const char *unit,
    void (*work) (void *data), void *const *data, guint n)
{
  g_autofree Job *jobs = g_new (Job, n);

  for (guint i = 0; i < n; i++)
    jobs[i] = (Job){ work, data[i] };
  printf ("%-22s %7.0f %s\n", what, amount * n / time_jobs (jobs, n) / 1e9,
      unit);
}

int
main (int argc, char *argv[])
{
  guint n = argc > 1 ? (guint) atoi (argv[1]) : 2;
  g_autofree void **data = g_new (void *, n);

  for (guint i = 0; i < n; i++) {
    data[i] = aligned_alloc (64, N_BYTES);
    memset (data[i], 1, N_BYTES);
  }
#ifdef __x86_64__
  if (__builtin_cpu_supports ("avx512bw"))
    print_peak ("float", 2. * 16 * N_SUMS * N_PRODUCTS, "GFLOP/s",
        multiply_floats, data, n);
  if (__builtin_cpu_supports ("avx512vnni"))
    print_peak ("whole numbers, 8 bits", 2. * 64 * N_SUMS * N_PRODUCTS, "GOP/s",
        multiply_bytes, data, n);
#endif
  print_peak ("memory", N_BYTES, "GB/s", read_bytes, data, n);
  for (guint i = 0; i < n; i++)
    free (data[i]);
  return 0;
}
