#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cuDNN 9.19.0 loads libnvrtc.so.13 anew for each list of engines that it gives:
#     sh findings/cudnn-reloads-nvrtc.sh
# The fallback list of a convolution has an engine that is compiled at run time.
# Its configuration opens libnvrtc, of 109 MB, and closes it when destroyed: a
# program that reads one list after another has the library relocated and
# unmapped each time, with about 6 ms of CPU (Zen 4, busy), more than all the
# rest. One that opens libnvrtc itself beforehand has it loaded once. 9.20.0 does
# the same; 9.21.0 and 9.28.1 give lists of the same length without it. Seen on
# x86-64 for an A100 that is not there:
#     20 lists of 80 engines in all: 0.21 s of CPU
#     20 lists of 80 engines in all: 0.10 s of CPU
#     cuDNN 9.19.0.56 loads libnvrtc: 20, held open: 1
#     20 lists of 80 engines in all: 0.09 s of CPU
#     20 lists of 80 engines in all: 0.10 s of CPU
#     cuDNN 9.28.1.4 loads libnvrtc: 0, held open: 1
# Downloads both with CUDA 13.0 into a temporary folder, 1 GB; needs python3 with
# pip, gcc and binutils, but no GPU: cuDNN plans for a device that it is told of,
# and a stub is the driver. Prints what it sees, and fails when the numbers of
# loads are other ones.
set -eu

cuda=13.0.88
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >lists.c <<'C'
#include <cudnn.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define N_LISTS 20
#define N_CONFIGS 64
#define COUNT(array) (sizeof (array) / sizeof *(array))

typedef cudnnBackendDescriptor_t Descriptor;

typedef struct {
  cudnnBackendAttributeName_t name;
  cudnnBackendAttributeType_t type;
  int64_t n;
  const void *value;
} Attribute;

#define LINK(name, descriptor) \
  { name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &(descriptor) }
#define MAKE(type, attributes) make (type, COUNT (attributes), attributes)

static const char profile[] = "{"
  "\"cudaDeviceId\":0,\"driverVer\":13000,\"pciDeviceId\":0,\"isTccDriver\":0,"
  "\"deviceName\":\"NVIDIA A100-SXM4-80GB\",\"deviceVer\":800,"
  "\"totalGlobalMem\":85899345920,\"multiProcessorCount\":108,"
  "\"maxGridSize\":[2147483647,65535,65535],\"maxBlockSize\":[1024,1024,64],"
  "\"regsPerBlock\":65536,\"maxRegistersPerSM\":65536,\"warpSize\":32,"
  "\"maxSharedMemoryPerBlock\":49152,\"maxSharedMemoryPerBlockOptin\":166912,"
  "\"reservedSharedMemoryPerBlock\":1024,\"maxThreadsPerBlock\":1024,"
  "\"maxCtasPerSM\":32,\"maxThreadsPerSM\":2048,\"supportCoopLaunch\":1,"
  "\"smClockRateKHz\":1410000,\"memClockRateKHz\":1593000,"
  "\"l2CacheSize\":41943040,\"memoryBusWidth\":5120}";

static void
check (cudnnStatus_t status)
{
  if (status == CUDNN_STATUS_SUCCESS)
    return;
  fprintf (stderr, "cuDNN: %s\n", cudnnGetErrorString (status));
  exit (1);
}

static Descriptor
begin (cudnnBackendDescriptorType_t type)
{
  Descriptor descriptor;

  check (cudnnBackendCreateDescriptor (type, &descriptor));
  return descriptor;
}

/* Lives until the program ends, unless it is destroyed. */
static Descriptor
make (cudnnBackendDescriptorType_t type, size_t n, const Attribute *attributes)
{
  Descriptor descriptor = begin (type);

  for (const Attribute *a = attributes; a < attributes + n; a++)
    check (cudnnBackendSetAttribute (descriptor, a->name, a->type, a->n,
        a->value));
  check (cudnnBackendFinalize (descriptor));
  return descriptor;
}

static Descriptor
make_device (void)
{
  const Attribute attributes[] = {
    { CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
      sizeof profile, profile },
  };

  return MAKE (CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, attributes);
}

static Descriptor
make_tensor (int64_t uid, int64_t n, int64_t channels, int64_t side)
{
  const cudnnDataType_t type = CUDNN_DATA_HALF;
  const int64_t alignment = 16, dims[] = { n, channels, side, side };
  const int64_t strides[] = { channels * side * side, 1, channels * side,
    channels };
  const Attribute attributes[] = {
    { CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &uid },
    { CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type },
    { CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, dims },
    { CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides },
    { CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment },
  };

  return MAKE (CUDNN_BACKEND_TENSOR_DESCRIPTOR, attributes);
}

static Descriptor
make_convolution (void)
{
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  const int64_t n_dims = 2, ones[] = { 1, 1 };
  const Attribute attributes[] = {
    { CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &n_dims },
    { CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute },
    { CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode },
    { CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, ones },
    { CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, ones },
    { CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, ones },
    { CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, ones },
  };

  return MAKE (CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, attributes);
}

static Descriptor
make_operation (int64_t channels)
{
  const float one = 1.0f, zero = 0.0f;
  const Descriptor x = make_tensor (1, 1, channels, 13);
  const Descriptor weight = make_tensor (2, channels, channels, 3);
  const Descriptor y = make_tensor (3, 1, channels, 13);
  const Descriptor convolution = make_convolution ();
  const Attribute attributes[] = {
    LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, convolution),
    LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x),
    LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, weight),
    LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y),
    { CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1,
      &one },
    { CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1,
      &zero },
  };

  return MAKE (CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
      attributes);
}

static Descriptor
make_list (Descriptor device, int64_t channels)
{
  const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_FALLBACK;
  const Descriptor operation = make_operation (channels);
  const Attribute operations[] = {
    LINK (CUDNN_ATTR_OPERATIONGRAPH_OPS, operation),
  };
  const Descriptor graph = MAKE (CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR,
      operations);
  const Attribute attributes[] = {
    LINK (CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph),
    { CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode },
    LINK (CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device),
  };

  return MAKE (CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, attributes);
}

static int64_t
read_list (Descriptor list)
{
  Descriptor configs[N_CONFIGS];
  int64_t n = 0;

  for (int i = 0; i < N_CONFIGS; i++)
    configs[i] = begin (CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  check (cudnnBackendGetAttribute (list, CUDNN_ATTR_ENGINEHEUR_RESULTS,
      CUDNN_TYPE_BACKEND_DESCRIPTOR, N_CONFIGS, &n, configs));
  for (int i = 0; i < N_CONFIGS; i++)
    check (cudnnBackendDestroyDescriptor (configs[i]));
  check (cudnnBackendDestroyDescriptor (list));
  return n;
}

static double
seconds (struct timeval time)
{
  return time.tv_sec + time.tv_usec / 1e6;
}

/* lists [LIBRARY]: holds LIBRARY open meanwhile. */
int
main (int argc, char **argv)
{
  const Descriptor device = make_device ();
  int64_t n = 0;
  struct rusage usage;

  if (argc > 1 && !dlopen (argv[1], RTLD_LAZY)) {
    fprintf (stderr, "%s\n", dlerror ());
    return 1;
  }
  for (int i = 1; i <= N_LISTS; i++)
    n += read_list (make_list (device, 16 * i));
  getrusage (RUSAGE_SELF, &usage);
  fprintf (stderr, "%d lists of %d engines in all: %.2f s of CPU\n", N_LISTS,
      (int) n, seconds (usage.ru_utime) + seconds (usage.ru_stime));
  return 0;
}
C

install () {
  python3 -m pip install --quiet --no-deps --disable-pip-version-check \
    --root-user-action=ignore --target "$@"
}

# make_driver FOLDER: a libcuda.so.1 for cuDNN's libraries in FOLDER, of which
# every function says that it is a stub (CUDA_ERROR_STUB_LIBRARY).
make_driver () {
  strings -a "$1"/libcudnn*.so.9 | grep -x 'cu[A-Z][A-Za-z0-9_]*' | sort -u |
    sed 's/.*/int & (void) { return 34; }/' >driver.c
  gcc -shared -fPIC -o "$1/libcuda.so.1" driver.c
}

# count_loads [LIBRARY]: how often `lists` loads libnvrtc
count_loads () {
  rm -f log.*
  LD_DEBUG=files LD_DEBUG_OUTPUT=log ./lists "$@"
  cat log.* | grep -c 'calling init: .*/libnvrtc\.so' || :
}

# try VERSION: of cuDNN
try () {
  install "$1" "nvidia-cudnn-cu13==$1"
  libraries=$work/$1/nvidia/cudnn/lib
  make_driver "$libraries"
  gcc -Wall -o lists lists.c -I"$1/nvidia/cudnn/include" \
    -Icuda/nvidia/cu13/include "$libraries/libcudnn.so.9" -ldl
  LD_LIBRARY_PATH=$libraries:$work/cuda/nvidia/cu13/lib
  export LD_LIBRARY_PATH
  plain=$(count_loads)
  held=$(count_loads libnvrtc.so.13)
  unset LD_LIBRARY_PATH
  rm -r "$1"
  echo "cuDNN $1 loads libnvrtc: $plain, held open: $held"
}

install cuda "nvidia-cuda-nvrtc==$cuda" "nvidia-cuda-crt==$cuda" \
  "nvidia-cuda-runtime==$cuda"
{
  for version in 9.19.0.56 9.28.1.4; do
    try "$version"
  done
} >seen
cat seen
cat >expected <<'TXT'
cuDNN 9.19.0.56 loads libnvrtc: 20, held open: 1
cuDNN 9.28.1.4 loads libnvrtc: 0, held open: 1
TXT
if diff expected seen; then
  echo 'cuDNN: as described'
else
  echo 'cuDNN behaves otherwise than described' >&2
  exit 1
fi
