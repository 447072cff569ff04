#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What oneDNN 3.2.0 computes where OpenMP gives it fewer threads than there may
# be at most:
#     sh findings/onednn-fewer-threads.sh
# It parts its work by omp_get_max_threads() and asks for that many threads. What
# would have been the share of one that does not come stays as it was in memory,
# and dnnl_primitive_execute() returns dnnl_success. OpenMP gives fewer below
# OMP_THREAD_LIMIT, as here, with OMP_DYNAMIC=true while a machine is busy, and
# with OMP_MAX_ACTIVE_LEVELS=0. libgomp says nothing, and omp_get_max_threads()
# does not tell.
# Debian's 2.6.3, 3.7.2 and 3.12.1 do the same, and with the first of them its
# PyTorch 1.13.1, where torch.ones(512, 512, dtype=torch.bfloat16) is multiplied
# by itself.
# Installs that version into a temporary folder; needs python3 with venv, gcc and
# an x86-64 with AVX2. Prints what it sees, and fails when that is something else.
set -eu

version=2023.2.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install --no-deps onednn-cpu-gomp==$version \
  onednn-devel-cpu-gomp==$version

# All of a and b is 1, so all of their product is SIZE.
cat >matmul.c <<'C'
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE 64

int omp_get_max_threads (void);

static float a[SIZE * SIZE], b[SIZE * SIZE], product[SIZE * SIZE];

static void
check (dnnl_status_t status)
{
  if (status != dnnl_success)
    exit (1);
}

static dnnl_exec_arg_t
make_argument (int which, dnnl_memory_desc_t desc, dnnl_engine_t engine,
    float *data)
{
  dnnl_exec_arg_t argument = { which, NULL };

  check (dnnl_memory_create (&argument.memory, desc, engine, data));
  return argument;
}

static void
multiply (void)
{
  dnnl_dims_t dims = { SIZE, SIZE };
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_memory_desc_t desc;
  dnnl_primitive_desc_t primitive_desc;
  dnnl_primitive_t primitive;

  check (dnnl_engine_create (&engine, dnnl_cpu, 0));
  check (dnnl_stream_create (&stream, engine, dnnl_stream_default_flags));
  check (dnnl_memory_desc_create_with_tag (&desc, 2, dims, dnnl_f32, dnnl_ab));
  check (dnnl_matmul_primitive_desc_create (&primitive_desc, engine, desc, desc,
      NULL, desc, NULL));
  check (dnnl_primitive_create (&primitive, primitive_desc));

  dnnl_exec_arg_t arguments[] = {
    make_argument (DNNL_ARG_SRC, desc, engine, a),
    make_argument (DNNL_ARG_WEIGHTS, desc, engine, b),
    make_argument (DNNL_ARG_DST, desc, engine, product),
  };

  check (dnnl_primitive_execute (primitive, stream, 3, arguments));
  check (dnnl_stream_wait (stream));
}

int
main (void)
{
  const dnnl_version_t *version = dnnl_version ();
  int n_wrong = 0;

  for (int i = 0; i < SIZE * SIZE; i++) {
    a[i] = b[i] = 1;
    product[i] = -1;
  }
  multiply ();
  for (int i = 0; i < SIZE * SIZE; i++)
    n_wrong += product[i] != SIZE;
  printf ("oneDNN %d.%d.%d, at most %d threads: success, %d of %d are wrong\n",
      version->major, version->minor, version->patch, omp_get_max_threads (),
      n_wrong, SIZE * SIZE);
  return 0;
}
C
gcc -o matmul matmul.c -Ivenv/include -Lvenv/lib -Wl,-rpath,"$work/venv/lib" \
  -ldnnl -lgomp

export OMP_NUM_THREADS=4 ONEDNN_MAX_CPU_ISA=AVX2
for limit in 4 2 1; do
  echo "OMP_THREAD_LIMIT=$limit"
  OMP_DYNAMIC=false OMP_THREAD_LIMIT=$limit ./matmul
done | tee seen
cat >expected <<'T'
OMP_THREAD_LIMIT=4
oneDNN 3.2.0, at most 4 threads: success, 0 of 4096 are wrong
OMP_THREAD_LIMIT=2
oneDNN 3.2.0, at most 4 threads: success, 2048 of 4096 are wrong
OMP_THREAD_LIMIT=1
oneDNN 3.2.0, at most 4 threads: success, 3072 of 4096 are wrong
T
diff expected seen
