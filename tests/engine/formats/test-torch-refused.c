/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files of PyTorch and numpy with something wrong in them. */

#include <string.h>

#include "support/broken-file.h"
#include "support/cases.h"

typedef struct {
  const char *name, *file, *from, *to, *expected;
} TextCase;

#define EXPORT "torch/exported-2.14.pt2"
#define ARRAYS "torch/arrays-protocol5-2.14.npy"

/* Replaced in the whole file; in a zip by a text of the same length. */
static const TextCase text_cases[] = {
  { "legacy/os.system", "models/torchvision-narrow-legacy.pth",
      "torch._utils\n_rebuild_tensor_v2", "os\nsystem", "it has no tensors" },
  { "legacy/long-storage", "models/torchvision-narrow-legacy.pth",
      "HalfStorage", "ShortStorage",
      "tensor features.0.weight has dtype 'int16', expected one of floats" },
  { "legacy/unknown-storage", "models/torchvision-narrow-legacy.pth",
      "HalfStorage", "OtherStorage",
      "no tensor uses it, or its type is not known" },
  { "legacy/storage-too-wide", "models/torchvision-narrow-legacy.pth",
      "HalfStorage", "FloatStorage", "values of 4 bytes" },
  { "export/not-json", EXPORT, "{\"config\"", "[\"config\"",
      "'exported-2.14/data/weights/model_weights_config.json' is not JSON" },
  { "export/no-config", EXPORT, "{\"config\"", "{\"konfig\"",
      "expected a JSON object 'config'" },
  { "export/no-list", EXPORT, "model_weights_config", "model_weights_konfig",
      "torch.export archive without data/weights/NAME_weights_config.json" },
  { "export/no-meta", EXPORT, "tensor_meta", "tensor_data",
      "tensor 'features.0.weight': expected path_name, and in tensor_meta" },
  { "export/negative-size", EXPORT, "\"as_int\": 3}", "\"as_int\":-3}",
      "tensor 'features.0.weight': expected path_name, and in tensor_meta" },
  { "export/no-weights", EXPORT, "\"path_name\": \"weight_7\"",
      "\"path_name\": \"weight_x\"",
      "tensor 'features.8.bias': there is no zip entry "
      "'exported-2.14/data/weights/weight_x'" },
  { "export/other-weights", EXPORT, "\"path_name\": \"weight_10\"",
      "\"path_name\": \"weight_11\"",
      "tensor 'classifier.1.weight': it does not end inside its storage of "
      "32" },
  { "export/path", EXPORT, "\"path_name\": \"weight_10\"",
      "\"path_name\": \"../../x.y\"",
      "there is no zip entry 'exported-2.14/data/weights/../../x.y'" },
  { "export/offset", EXPORT, "\"storage_offset\": {\"as_int\": 0}",
      "\"storage_offset\": {\"as_int\": 1}",
      "tensor 'features.0.weight': it does not end inside its storage" },
  { "export/pickled", EXPORT, "\"use_pickle\": false", "\"use_pickle\":  true",
      "tensor features.0.weight is pickled apart from the others" },
  { "export/dtype", EXPORT, "\"dtype\": 7", "\"dtype\": 5",
      "tensor features.0.weight has torch.export's dtype 5, expected one" },
  { "export/byte-order", EXPORT, "little", "biglyy",
      "byte order is not little" },
  { "npy/version", ARRAYS, "\x93NUMPY\x01", "\x93NUMPY\x07",
      "has version 7.0, expected 1 to 3" },
  { "npy/numbers", ARRAYS, "'descr': '|O'", "'descr': '<f4'",
      "holds one array of '<f4', expected a pickled dict of layers" },
  { "npy/no-descr", ARRAYS, "'descr': '|O'", "'decsr': '|O'",
      "holds one array" },
  { "npy/pickle", ARRAYS, "\x80\x05", "\x80\x06", "has protocol 6" },
};

static void
test_text (gconstpointer data)
{
  const TextCase *t = data;
  g_autoptr (GByteArray) file = broken_file_read (t->file);

  broken_file_replace_all (file, t->from, t->to);
  broken_file_assert_refused (file, t->expected);
}

/* Pickles, in the place of the state_dict of the older layout. How each opcode
 * is read is test-pickle.c's matter. */

typedef struct {
  const char *code;
  gsize size;
  const char *expected;
} PickleCase;

#define PICKLE(code, expected)      \
  {                                 \
    code, sizeof code - 1, expected \
  }
#define NAME \
  "U\x11"    \
  "features.0.weight"
#define NO_NETWORK "not an AlexNet: it has no tensors"

static const PickleCase pickle_cases[] = {
  PICKLE ("\x80\2cos\nsystem\nU\2ls\x85R.", NO_NETWORK),
  PICKLE ("\x80\2(S'ls'\nios\nsystem\n.", NO_NETWORK),
  PICKLE ("\x80\4N.", NO_NETWORK),
  PICKLE ("\x80\2]q\0h\0a.", NO_NETWORK),
  PICKLE ("\x80\2}q\0h\0h\0s.", NO_NETWORK),
  PICKLE ("\x80\2}U\1aK\1s.", NO_NETWORK),
  PICKLE ("\x80\2ca\nb\n)Rq\0h\0b.", NO_NETWORK),
  PICKLE ("\x80\7N.", "checkpoint at byte 137: pickle at byte 0, PROTO"),
  PICKLE ("\x80\2.", "nothing is on the stack"),
  PICKLE ("\x80\2}" NAME "ctorch\nFloatTensor\n)Rs.",
      "tensor features.0.weight holds no values"),
  PICKLE ("\x80\2}" NAME "ctorch._utils\n_rebuild_sparse_tensor\n)Rs.",
      "tensor features.0.weight is an object "
      "'torch._utils._rebuild_sparse_tensor', expected a dense tensor"),
  PICKLE ("\x80\2}" NAME "cnumpy.core.multiarray\n_reconstruct\n)R(K\1\x85"
          "cnumpy\ndtype\nU\2i4\x85RI00\nU\4abcdtbs.",
      "tensor features.0.weight has dtype 'i4', expected one of floats"),
};

static gsize
state_dict_begin (const GByteArray *file)
{
  return broken_file_find (file, "\x80\2ccollections", 14, 0);
}

static void
test_pickle (gconstpointer data)
{
  const PickleCase *t = data;
  g_autoptr (GByteArray)
      file = broken_file_read ("models/torchvision-narrow-legacy.pth");

  g_byte_array_set_size (file, (guint) state_dict_begin (file));
  g_byte_array_append (file, (const guint8 *) t->code, (guint) t->size);
  g_byte_array_append (file, (const guint8 *) "\x80\2].", 4);
  broken_file_assert_refused (file, t->expected);
}

typedef struct {
  const char *offset, *size, *stride, *expected, *more;
} TensorCase;

#define BIT(name) "\x89N}U" name "\x88s"

/* On a storage of four floats. Sizes are pickled as a tuple. */
static const TensorCase tensor_cases[] = {
  { "K\1", "K\4\x85", "K\1\x85", "does not end inside its storage" },
  { "K\4", "K\1\x85", "K\1\x85", "does not end inside its storage" },
  { "I0\n", "K\3K\2\x86", "K\1K\1\x86",
      "has a shape or strides that cannot be" },
  { "I0\n", "K\2K\2\x86", "K\1K\2\x86", "has shape [2, 2], expected" },
  { "K\1", "K\2K\2\x86", "K\1K\2\x86", "does not end inside its storage" },
  { "I0\n", "K\2K\2\x86", "K\2K\1\x86", "has shape [2, 2], expected" },
  { "I0\n", "K\2K\4\x86", "I0\nK\1\x86",
      "has more values than its storage: it is expanded; save its "
      "contiguous()" },
  { "I0\n", "J\xff\xff\xff\x3f\x85", "I0\n\x85",
      "has more values than its storage" },
  { "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\1\x85", "K\1\x85",
      "does not end inside its storage" },
  { "K\1", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85", "K\1\x85",
      "has a shape or strides that cannot be" },
  /* Where sizes have 32 bits these would be 0, 2 and 0. */
  { "I4294967296\n", "K\4\x85", "K\1\x85", "does not end inside its storage" },
  { "I0\n", "I4294967298\n\x85", "I281474976710656000\n\x85",
      "has a shape or strides that cannot be" },
  { "K\1", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87",
      "K\1K\1K\1\x87", "has a shape or strides that cannot be" },
  { "I0\n", "(K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1t",
      "has 5 dimensions, expected at most 4" },
  { "I0\n", "K\4\x85", "K\1\x85",
      "has torch's negative bit; save its resolve_neg()", BIT ("\3neg") },
  { "I0\n", "K\4\x85", "K\1\x85",
      "has torch's conjugate bit; save its resolve_conj()", BIT ("\4conj") },
  { "I0\n", "K\4\x85", "K\1\x85", "has shape [4], expected",
      "\x89N}U\3neg\x89s" },
};

static void
test_tensor (gconstpointer data)
{
  const TensorCase *t = data;
  g_autoptr (GByteArray)
      file = broken_file_read ("models/torchvision-narrow-legacy.pth");
  static const guint8 floats[16];
  guint8 n_values[8] = { 4 };

  g_byte_array_set_size (file, (guint) state_dict_begin (file));
  broken_file_append (file,
      "\x80\2}U\x11"
      "features.0.weightctorch._utils\n_rebuild_tensor_v2\n((U\7storage"
      "ctorch\nFloatStorage\nU\1"
      "0U\3cpuK\4NtQ");
  broken_file_append (file, t->offset);
  broken_file_append (file, t->size);
  broken_file_append (file, t->stride);
  if (t->more)
    broken_file_append (file, t->more);
  broken_file_append (file,
      "tRs.\x80\2]U\1"
      "0a.");
  g_byte_array_append (file, n_values, 8);
  g_byte_array_append (file, floats, 16);
  broken_file_assert_refused (file, t->expected);
}

/* Where there is nothing left to read. */
static void
test_truncated (gconstpointer name)
{
  g_autoptr (GByteArray) file = broken_file_read (name);

  for (gsize size = 0; size < file->len; size += 32) {
    g_autoptr (GError) error = NULL;

    g_assert_null (broken_file_load (file->data, size, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  }
}

int
main (int argc, char **argv)
{
  static const char *const files[] = { EXPORT, ARRAYS,
    "torch/arrays-python2-1.13.npy", "torch/scripted-2.14.pt",
    "torch/legacy-module-2.14.pth" };

  g_test_init (&argc, &argv, NULL);

  ADD_CASES ("/torch-refused/text", text_cases, test_text);
  ADD_CASES ("/torch-refused/pickle", pickle_cases, test_pickle);
  ADD_CASES ("/torch-refused/tensor", tensor_cases, test_tensor);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_strconcat ("/torch-refused/truncated/", files[i],
        NULL);

    g_test_add_data_func (path, files[i], test_truncated);
  }
  return g_test_run ();
}
