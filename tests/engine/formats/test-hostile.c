/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Good model files with something wrong in them: each must end in one error
 * that names the file and what is wrong, and in nothing else. Files live on the
 * heap at their exact size, so that the sanitizers see every byte too far. */

#include <string.h>

#include "model/model.h"
#include "support/cases.h"

#define FILE_NAME "hostile"

static GByteArray *
read_model (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("ALEXNET_TEST_DATA"),
      "models", name, NULL);
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_byte_array_new_take ((guint8 *) data, size);
}

static AlexnetModel *
load (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  return alexnet_model_new_from_bytes (bytes, FILE_NAME, NULL, error);
}

static void
assert_refused (const GByteArray *file, const char *expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (load (file->data, file->len, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, FILE_NAME ": "));
  g_assert_null (strpbrk (error->message, "\n\r"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (!strstr (error->message, expected))
    g_error ("'%s' does not say '%s'", error->message, expected);
}

static gsize
find (const GByteArray *file, const void *needle, gsize n, gsize from)
{
  for (gsize i = from; i + n <= file->len; i++)
    if (memcmp (file->data + i, needle, n) == 0)
      return i;
  g_error ("the file to break does not hold what shall be broken");
}

static void
append_text (GByteArray *file, const char *text)
{
  g_byte_array_append (file, (const guint8 *) text, (guint) strlen (text));
}

/* Puts m bytes in the place of n. */
static void
splice (GByteArray *file, gsize at, gsize n, const void *bytes, gsize m)
{
  g_autofree guint8 *tail = g_memdup2 (file->data + at + n, file->len - at - n);
  guint n_tail = (guint) (file->len - at - n);

  g_byte_array_set_size (file, (guint) at);
  g_byte_array_append (file, bytes, (guint) m);
  g_byte_array_append (file, tail, n_tail);
}

static void
put (GByteArray *file, gsize at, guint64 value, guint n_bytes)
{
  g_assert_cmpuint (at + n_bytes, <=, file->len);
  for (guint i = 0; i < n_bytes; i++)
    file->data[at + i] = (guint8) (value >> 8 * i);
}

/* Replaces every occurrence, as a shorter or longer text may. */
static void
replace_all (GByteArray *file, const char *from, const char *to)
{
  gsize at = find (file, from, strlen (from), 0);

  do {
    splice (file, at, strlen (from), to, strlen (to));
    at += strlen (to);
    while (at + strlen (from) <= file->len &&
        memcmp (file->data + at, from, strlen (from)) != 0)
      at++;
  } while (at + strlen (from) <= file->len);
}

/* Safetensors: text of the header replaced, its length corrected. */

typedef struct {
  const char *name, *from, *to, *expected;
} HeaderCase;

#define W0 "\"features.0.weight\":{\"dtype\":\"F32\",\"shape\":[4,3,11,11]"
#define O0 W0 ",\"data_offsets\":[0,5808]"

static const HeaderCase header_cases[] = {
  { "not-json", "{\"features.0.weight\":", "{\"features.0.weight\"!",
      "safetensors header is not JSON" },
  { "not-utf-8", "features.0.weight", "features.0.\xff", "not UTF-8" },
  { "shape/wrong", "[4,3,11,11]", "[4,3,121,1]",
      "tensor features.0.weight has shape [4, 3, 121, 1], "
      "expected [N, 3, 11, 11]" },
  { "shape/product-overflows", "[4,3,11,11]",
      "[4294967296,4294967296,4294967296,4294967296]",
      "'features.0.weight': the product of its shape overflows" },
  { "shape/wraps-to-size", "[4,3,11,11]", "[4611686018427387904,4,1452]",
      "'features.0.weight': the product of its shape overflows" },
  { "shape/bytes-overflow", "[4,3,11,11]", "[4611686018427387904]",
      "'features.0.weight': the product of its shape overflows" },
  { "shape/negative", "[4,3,11,11]", "[-4,-3,11,11]",
      "'features.0.weight': expected a shape" },
  { "shape/float", "[4,3,11,11]", "[4.5,3,11,11]",
      "'features.0.weight': expected a shape" },
  { "shape/string", "[4,3,11,11]", "\"4\"",
      "'features.0.weight': expected a shape" },
  { "shape/larger-than-bytes", "[4,3,11,11]", "[5,3,11,11]",
      "'features.0.weight' occupies 5808 bytes, expected 7260" },
  { "shape/too-many", "[4,3,11,11]", "[4,3,11,11,1]",
      "tensor features.0.weight has 5 dimensions, expected at most 4" },
  { "shape/absent", W0, "\"features.0.weight\":{\"dtype\":\"F32\"",
      "'features.0.weight': expected a shape" },
  { "dtype/wrong", W0,
      "\"features.0.weight\":{\"dtype\":\"I32\",\"shape\":"
      "[4,3,11,11]",
      "tensor features.0.weight has dtype 'I32', expected one of floats" },
  { "dtype/unheard-of", W0,
      "\"features.0.weight\":{\"dtype\":\"F\\n4\",\"shape\":[4,3,11,11]",
      "tensor features.0.weight has dtype 'F\\n4'" },
  { "dtype/number", W0,
      "\"features.0.weight\":{\"dtype\":4,\"shape\":[4,3,11,11]",
      "'features.0.weight' has no dtype" },
  { "dtype/narrower", W0,
      "\"features.0.weight\":{\"dtype\":\"F16\",\"shape\":[4,3,11,11]",
      "occupies 5808 bytes, expected 2904" },
  { "offsets/beyond-end", "[0,5808]", "[0,99999999]",
      "'features.0.weight' lies at bytes 0 to 99999999, but there are" },
  { "offsets/backwards", "[0,5808]", "[5808,0]", "lies at bytes 5808 to 0" },
  { "offsets/overlap", "[5808,5824]", "[5804,5820]",
      "'features.0.bias' begins at byte 5804, expected 5808" },
  { "offsets/hole", O0, W0 ",\"data_offsets\":[4,5812]",
      "'features.0.weight' begins at byte 4, expected 0" },
  { "offsets/three", "[0,5808]", "[0,1,5808]", "expected data_offsets" },
  { "offsets/negative", "[0,5808]", "[-1,5807]", "expected data_offsets" },
  { "offsets/huge", "[0,5808]", "[9223372036854775807,9223372036854775807]",
      "lies at bytes 9223372036854775807" },
  { "tensor/missing", "features.3.bias", "features.3.BIAS",
      "there is no tensor features.3.bias; expected one of shape [12]" },
  { "tensor/first-missing", "features.0.weight", "module.features.0",
      "not an AlexNet: it has 'module.features.0', 'features.0.bias', "
      "'features.3.weight' and 13 more, expected names "
      "that end in features.0.weight (torchvision) or conv1.weight (caffe)" },
  { "tensor/not-an-object",
      "{\"dtype\":\"F32\",\"shape\":[4],"
      "\"data_offsets\":[5808,5824]}",
      "[]", "'features.0.bias': expected a JSON object" },
  { "nesting", "[4,3,11,11]",
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[4]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
      "expected no deeper nesting than 32 levels" },
  { "metadata/not-an-object",
      "{\"features.0.weight\":", "{\"__metadata__\":[],\"features.0.weight\":",
      "__metadata__: expected a JSON object" },
  { "metadata/not-a-string", "{\"features.0.weight\":",
      "{\"__metadata__\":{\"labels\":[1]},\"features.0.weight\":",
      "__metadata__ 'labels': expected a string" },
};

static void
test_header (gconstpointer data)
{
  const HeaderCase *t = data;
  g_autoptr (GByteArray) file = read_model ("torchvision-narrow.safetensors");
  gsize length = (gsize) file->data[0] | (gsize) file->data[1] << 8;
  gsize at = find (file, t->from, strlen (t->from), 8);

  g_assert_cmpuint (at, <, 8 + length);
  splice (file, at, strlen (t->from), t->to, strlen (t->to));
  put (file, 0, length + strlen (t->to) - strlen (t->from), 8);
  assert_refused (file, t->expected);
}

static void
test_header_length (void)
{
  static const guint64 lengths[] = { 0, 1, 1 << 20, 100000001, G_MAXINT64,
    G_MAXUINT64, G_MAXUINT64 - 7 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GByteArray) file = read_model ("torchvision-narrow.safetensors");

    put (file, 0, lengths[i], 8);
    assert_refused (file, "header");
  }
}

static void
test_trailing_bytes (void)
{
  g_autoptr (GByteArray) file = read_model ("torchvision-narrow.safetensors");

  g_byte_array_append (file, (const guint8 *) "more", 4);
  assert_refused (file, "bytes of them");
}

/* Many values in a small header must not become much memory. */
static void
test_many_values (void)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GString) values = g_string_new ("0");

  g_byte_array_set_size (file, 8);
  g_byte_array_append (file, (const guint8 *) "{\"a\":[", 6);
  for (guint i = 0; i < 260000; i++)
    g_string_append (values, ",0");
  g_byte_array_append (file, (const guint8 *) values->str, (guint) values->len);
  g_byte_array_append (file, (const guint8 *) "]}", 2);
  put (file, 0, file->len - 8, 8);
  assert_refused (file, "expected no more than 250000 values");
}

/* Zip: a field of the directory's record of one entry. */

typedef struct {
  const char *name, *entry;
  guint field, n_bytes;
  guint64 value;
  const char *expected;
} ZipCase;

#define P "torchvision-narrow/"

static const ZipCase zip_cases[] = {
  { "compressed", P "data/0", 10, 2, 8, "disagrees with the directory" },
  { "encrypted", P "data.pkl", 8, 2, 1, "'" P "data.pkl' is encrypted" },
  { "sizes-differ", P "data/1", 20, 4, 3, "'" P "data/1' has 3 bytes stored" },
  { "beyond-directory", P "data/1", 42, 4, 0x7fffffff,
      "'" P "data/1': there is no header at byte 2147483647" },
  { "header-of-another", P "data/1", 42, 4, 0, "disagrees with the directory" },
  { "not-zip64", P "data/1", 42, 4, 0xffffffff, "bad record" },
  { "name-too-long", P "data/1", 28, 2, 0xffff, "bad record" },
  { "extra-too-long", P "data/1", 30, 2, 0xffff, "bad record" },
  { "comment-too-long", P "data/1", 32, 2, 0xffff, "bad record" },
  { "magic", P "data/1", 0, 4, 0, "bad record" },
};

static gsize
find_record (const GByteArray *zip, const char *entry)
{
  gsize at = 0;

  for (;;) {
    at = find (zip, "PK\1\2", 4, at);
    if (at + 46 + strlen (entry) <= zip->len &&
        zip->data[at + 28] == strlen (entry) &&
        memcmp (zip->data + at + 46, entry, strlen (entry)) == 0)
      return at;
    at += 4;
  }
}

static void
test_zip (gconstpointer data)
{
  const ZipCase *t = data;
  g_autoptr (GByteArray) file = read_model ("torchvision-narrow.pth");

  put (file, find_record (file, t->entry) + t->field, t->value, t->n_bytes);
  assert_refused (file, t->expected);
}

/* Both sizes of an entry grow until it reaches into the next one. */
static void
test_zip_overlap (void)
{
  g_autoptr (GByteArray) file = read_model ("torchvision-narrow.pth");
  gsize at = find_record (file, P "data/0");

  put (file, at + 20, 8000, 4);
  put (file, at + 24, 8000, 4);
  assert_refused (file, "'" P "data/1' overlaps the one before it");
}

typedef struct {
  gboolean zip64;
  guint field, n_bytes;
  guint64 value;
} EndCase;

/* Fields of the record at the end: entries, size, offset of the directory. */
static const EndCase end_cases[] = {
  { FALSE, 10, 2, 3 },
  { FALSE, 10, 2, 60000 },
  { FALSE, 12, 4, 0 },
  { FALSE, 12, 4, 0xfffffff0 },
  { FALSE, 16, 4, 4 },
  { FALSE, 16, 4, 0xfffffff0 },
  { TRUE, 32, 8, 3 },
  { TRUE, 32, 8, 60000 },
  { TRUE, 40, 8, 0 },
  { TRUE, 40, 8, G_MAXUINT64 },
  { TRUE, 48, 8, 4 },
  { TRUE, 48, 8, G_MAXUINT64 },
};

/* torch.save() writes the 64-bit record too; without it the other counts. */
static void
test_zip_end (gconstpointer data)
{
  const EndCase *t = data;
  g_autoptr (GByteArray) file = read_model ("torchvision-narrow.pth");
  gsize end64 = find (file, "PK\6\6", 4, 0), end = end64;
  AlexnetModel *model;

  if (!t->zip64) {
    end = find (file, "PK\5\6", 4, end64);
    splice (file, end64, end - end64, "", 0);
    end = end64;
  }
  model = load (file->data, file->len, NULL);
  g_assert_nonnull (model);
  alexnet_model_unref (model);
  put (file, end + t->field, t->value, t->n_bytes);
  assert_refused (file, "zip directory");
}

typedef struct {
  const char *name, *file, *from, *to, *expected;
} TextCase;

/* Replaced in the whole file; in a zip by a text of the same length. */
static const TextCase text_cases[] = {
  { "zip/traversal", "torchvision-narrow.pth", P "version",
      "../chvision-narrow/version", "leads out of the archive" },
  { "zip/inner-traversal", "torchvision-narrow.pth", P "data/7",
      "torchvision/../..//data/7", "leads out of the archive" },
  { "zip/absolute", "torchvision-narrow.pth", P "version",
      "/orchvision-narrow/version", "leads out of the archive" },
  { "zip/backslash", "torchvision-narrow.pth", P "version",
      "torchvision-narrow\\version", "leads out of the archive" },
  { "zip/twice", "torchvision-narrow.pth", P "data/7", P "data/6",
      "'" P "data/6' is there twice" },
  { "zip/no-root", "torchvision-narrow.pth", P "data.pkl", P "data.pck",
      "PyTorch did not write it" },
  { "zip/no-storage", "torchvision-narrow.pth", P "data/7", P "dato/7",
      "its storage: there is no zip entry '" P "data/7'" },
  { "zip/two-folders", "torchvision-narrow.pth", P "data/7",
      "torchvision-narr/data.pkl",
      "two of data.pkl: '" P "data.pkl' and 'torchvision-narr/data.pkl'" },
  { "zip/wrong-storage", "torchvision-narrow.pth", "FloatStorage",
      "FloatStoragf",
      "tensor features.0.weight is an object "
      "'torch._utils._rebuild_tensor_v2', expected a dense tensor" },
  { "legacy/os.system", "torchvision-narrow-legacy.pth",
      "torch._utils\n_rebuild_tensor_v2", "os\nsystem", "it has no tensors" },
  { "legacy/long-storage", "torchvision-narrow-legacy.pth", "HalfStorage",
      "ShortStorage",
      "tensor features.0.weight has dtype 'int16', expected one of floats" },
  { "legacy/unknown-storage", "torchvision-narrow-legacy.pth", "HalfStorage",
      "OtherStorage", "no tensor uses it, or its type is not known" },
  { "legacy/storage-too-wide", "torchvision-narrow-legacy.pth", "HalfStorage",
      "FloatStorage", "values of 4 bytes" },
};

static void
test_text (gconstpointer data)
{
  const TextCase *t = data;
  g_autoptr (GByteArray) file = read_model (t->file);

  replace_all (file, t->from, t->to);
  assert_refused (file, t->expected);
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
  return find (file, "\x80\2ccollections", 14, 0);
}

static void
test_pickle (gconstpointer data)
{
  const PickleCase *t = data;
  g_autoptr (GByteArray) file = read_model ("torchvision-narrow-legacy.pth");

  g_byte_array_set_size (file, (guint) state_dict_begin (file));
  g_byte_array_append (file, (const guint8 *) t->code, (guint) t->size);
  g_byte_array_append (file, (const guint8 *) "\x80\2].", 4);
  assert_refused (file, t->expected);
}

typedef struct {
  const char *offset, *size, *stride, *expected;
} TensorCase;

/* On a storage of four floats. Sizes are pickled as a tuple. */
static const TensorCase tensor_cases[] = {
  { "K\1", "K\4\x85", "K\1\x85", "does not end inside its storage" },
  { "K\4", "K\1\x85", "K\1\x85", "does not end inside its storage" },
  { "I0\n", "K\3K\2\x86", "K\1K\1\x86",
      "has a shape or strides that cannot be" },
  { "I0\n", "K\2K\2\x86", "K\1K\2\x86", "has shape [2, 2], expected" },
  { "K\1", "K\2K\2\x86", "K\1K\2\x86", "does not end inside its storage" },
  { "I0\n", "K\2K\2\x86", "K\2K\1\x86", "has shape [2, 2], expected" },
  { "I0\n", "K\2K\4\x86", "I0\nK\1\x86", "has more values than its storage" },
  { "I0\n", "J\xff\xff\xff\x7f\x85", "I0\n\x85",
      "has more values than its storage" },
  { "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\1\x85", "K\1\x85",
      "does not end inside its storage" },
  { "K\1", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85", "K\1\x85",
      "has a shape or strides that cannot be" },
  { "K\1", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87",
      "K\1K\1K\1\x87", "has a shape or strides that cannot be" },
  { "I0\n", "(K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1t",
      "has 5 dimensions, expected at most 4" },
};

static void
test_tensor (gconstpointer data)
{
  const TensorCase *t = data;
  g_autoptr (GByteArray) file = read_model ("torchvision-narrow-legacy.pth");
  static const guint8 floats[16];
  guint8 n_values[8] = { 4 };

  g_byte_array_set_size (file, (guint) state_dict_begin (file));
  append_text (file,
      "\x80\2}U\x11"
      "features.0.weightctorch._utils\n_rebuild_tensor_v2\n((U\7storage"
      "ctorch\nFloatStorage\nU\1"
      "0U\3cpuK\4NtQ");
  append_text (file, t->offset);
  append_text (file, t->size);
  append_text (file, t->stride);
  append_text (file,
      "tRs.\x80\2]U\1"
      "0a.");
  g_byte_array_append (file, n_values, 8);
  g_byte_array_append (file, floats, 16);
  assert_refused (file, t->expected);
}

/* Every format, cut short. */

static const char *const models[] = {
  "torchvision-narrow.safetensors",
  "torchvision-narrow.pth",
  "torchvision-narrow-legacy.pth",
  "caffe-narrow.safetensors",
  "caffe-narrow.pth",
  "caffe-narrow-legacy.pth",
};

static void
test_truncated (gconstpointer name)
{
  g_autoptr (GByteArray) file = read_model (name);

  for (gsize size = 0; size < file->len; size += 64) {
    g_autoptr (GError) error = NULL;

    g_assert_null (load (file->data, size, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
    g_assert_true (g_str_has_prefix (error->message, FILE_NAME ": "));
  }
}

static void
test_foreign (void)
{
  static const char *const texts[] = { "x", "GIF89a", "\x80\2}." };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GByteArray) file = g_byte_array_new ();

    append_text (file, texts[i]);
    assert_refused (file, "bytes of no known format (safetensors, ");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD_CASES ("/hostile/safetensors/header", header_cases, test_header);
  g_test_add_func ("/hostile/safetensors/length", test_header_length);
  g_test_add_func ("/hostile/safetensors/trailing", test_trailing_bytes);
  g_test_add_func ("/hostile/safetensors/many-values", test_many_values);
  ADD_CASES ("/hostile/zip/record", zip_cases, test_zip);
  g_test_add_func ("/hostile/zip/overlap", test_zip_overlap);
  ADD_CASES ("/hostile/zip/end", end_cases, test_zip_end);
  ADD_CASES ("/hostile/text", text_cases, test_text);
  ADD_CASES ("/hostile/pickle", pickle_cases, test_pickle);
  ADD_CASES ("/hostile/tensor", tensor_cases, test_tensor);
  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autofree char *path = g_strconcat ("/hostile/truncated/", models[i],
        NULL);

    g_test_add_data_func (path, models[i], test_truncated);
  }
  g_test_add_func ("/hostile/foreign", test_foreign);
  return g_test_run ();
}
