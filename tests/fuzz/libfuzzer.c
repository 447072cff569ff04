/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For clang's libFuzzer; tests/fuzz/meson.build says how to build it. Files
 * that it finds are replayed by giving them to the test `fuzz-model`. */

#include "fuzz-model.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  fuzz_model (data, size);
  return 0;
}
