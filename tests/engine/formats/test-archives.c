/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Zip archives that hold no network by names: what they are is told, and what
 * to do. */

#include "support/broken-file.h"
#include "support/cases.h"
#include "support/zip-builder.h"

typedef struct {
  const char *name;
  ZipBuilderEntry entries[4];
  const char *expected;
} Case;

#define ENTRY(name, bytes)          \
  {                                 \
    name, bytes, sizeof (bytes) - 1 \
  }
/* Net (), without attributes */
#define EMPTY_NET "\x80\2c__torch__\nNet\nq\0)\x81}(ub."
#define FROZEN "it is frozen, and its weights have no names; save it before "
#define NO_TENSORS "not an AlexNet: it has no tensors"

static const Case cases[] = {
  { "frozen",
      { ENTRY ("n/data.pkl", EMPTY_NET), ENTRY ("n/constants/0", "abcd"),
          ENTRY ("n/constants.pkl", "\x80\2).") },
      FROZEN "torch.jit.freeze()" },
  { "without-weights",
      { ENTRY ("n/data.pkl", EMPTY_NET),
          ENTRY ("n/constants.pkl", "\x80\2).") },
      NO_TENSORS },
  { "npz", { ENTRY ("conv1.weight.npy", "\x93NUMPY") },
      "zip archive of numpy (.npz); save the dict of its arrays with "
      "numpy.save()" },
  { "keras",
      { ENTRY ("metadata.json", "{}"), ENTRY ("config.json", "{}"),
          ENTRY ("model.weights.h5", "\x89HDF") },
      "zip archive of Keras; convert the model to ONNX" },
  { "packed", { ENTRY ("readme.txt", ""), ENTRY ("alexnet/best.pth", "PK") },
      "zip archive around a model; unpack it first" },
  { "another", { ENTRY ("readme.txt", "") },
      "zip archive without NAME/data.pkl; PyTorch did not write it" },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GByteArray) zip = zip_builder_make (c->entries);

  broken_file_assert_refused (zip, c->expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/archives", cases, test_case);
  return g_test_run ();
}
