/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Good model files with something wrong in them: each must end in one error
 * that names the file and what is wrong, and in nothing else. */

#include <string.h>

#include "support/broken-file.h"
#include "support/cases.h"

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
      "no layer of the torchvision network uses 'features.3.BIAS'" },
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
  g_autoptr (GByteArray)
      file = broken_file_read ("models/torchvision-narrow.safetensors");
  gsize length = (gsize) file->data[0] | (gsize) file->data[1] << 8;
  gsize at = broken_file_find (file, t->from, strlen (t->from), 8);

  g_assert_cmpuint (at, <, 8 + length);
  broken_file_splice (file, at, strlen (t->from), t->to, strlen (t->to));
  broken_file_put (file, 0, length + strlen (t->to) - strlen (t->from), 8);
  broken_file_assert_refused (file, t->expected);
}

static void
test_header_length (void)
{
  static const guint64 lengths[] = { 0, 1, 1 << 20, 100000001, G_MAXINT64,
    G_MAXUINT64, G_MAXUINT64 - 7 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GByteArray)
        file = broken_file_read ("models/torchvision-narrow.safetensors");

    broken_file_put (file, 0, lengths[i], 8);
    broken_file_assert_refused (file, "header");
  }
}

static void
test_trailing_bytes (void)
{
  g_autoptr (GByteArray)
      file = broken_file_read ("models/torchvision-narrow.safetensors");

  g_byte_array_append (file, (const guint8 *) "more", 4);
  broken_file_assert_refused (file, "bytes of them");
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
  broken_file_put (file, 0, file->len - 8, 8);
  broken_file_assert_refused (file, "expected no more than 250000 values");
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
    at = broken_file_find (zip, "PK\1\2", 4, at);
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
  g_autoptr (GByteArray)
      file = broken_file_read ("models/torchvision-narrow.pth");

  broken_file_put (file, find_record (file, t->entry) + t->field, t->value,
      t->n_bytes);
  broken_file_assert_refused (file, t->expected);
}

/* Both sizes of an entry grow until it reaches into the next one. */
static void
test_zip_overlap (void)
{
  g_autoptr (GByteArray)
      file = broken_file_read ("models/torchvision-narrow.pth");
  gsize at = find_record (file, P "data/0");

  broken_file_put (file, at + 20, 8000, 4);
  broken_file_put (file, at + 24, 8000, 4);
  broken_file_assert_refused (file, "'" P "data/1' overlaps the one before it");
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
  g_autoptr (GByteArray)
      file = broken_file_read ("models/torchvision-narrow.pth");
  gsize end64 = broken_file_find (file, "PK\6\6", 4, 0), end = end64;
  AlexnetModel *model;

  if (!t->zip64) {
    end = broken_file_find (file, "PK\5\6", 4, end64);
    broken_file_splice (file, end64, end - end64, "", 0);
    end = end64;
  }
  model = broken_file_load (file->data, file->len, NULL);
  g_assert_nonnull (model);
  alexnet_model_unref (model);
  broken_file_put (file, end + t->field, t->value, t->n_bytes);
  broken_file_assert_refused (file, "zip directory");
}

typedef struct {
  const char *name, *file, *from, *to, *expected;
} TextCase;

/* Replaced in the whole file; in a zip by a text of the same length. */
static const TextCase text_cases[] = {
  { "zip/traversal", "models/torchvision-narrow.pth", P "version",
      "../chvision-narrow/version", "leads out of the archive" },
  { "zip/inner-traversal", "models/torchvision-narrow.pth", P "data/7",
      "torchvision/../..//data/7", "leads out of the archive" },
  { "zip/absolute", "models/torchvision-narrow.pth", P "version",
      "/orchvision-narrow/version", "leads out of the archive" },
  { "zip/backslash", "models/torchvision-narrow.pth", P "version",
      "torchvision-narrow\\version", "leads out of the archive" },
  { "zip/twice", "models/torchvision-narrow.pth", P "data/7", P "data/6",
      "'" P "data/6' is there twice" },
  { "zip/no-root", "models/torchvision-narrow.pth", P "data.pkl", P "data.pck",
      "PyTorch did not write it" },
  { "zip/no-storage", "models/torchvision-narrow.pth", P "data/7", P "dato/7",
      "its storage: there is no zip entry '" P "data/7'" },
  { "zip/two-folders", "models/torchvision-narrow.pth", P "data/7",
      "torchvision-narr/data.pkl",
      "two of data.pkl: '" P "data.pkl' and 'torchvision-narr/data.pkl'" },
  { "zip/wrong-storage", "models/torchvision-narrow.pth", "FloatStorage",
      "FloatStoragf",
      "tensor features.0.weight is an object "
      "'torch._utils._rebuild_tensor_v2', expected a dense tensor" },
};

static void
test_text (gconstpointer data)
{
  const TextCase *t = data;
  g_autoptr (GByteArray) file = broken_file_read (t->file);

  broken_file_replace_all (file, t->from, t->to);
  broken_file_assert_refused (file, t->expected);
}

/* Every format, cut short. */

static const char *const models[] = {
  "models/torchvision-narrow.safetensors",
  "models/torchvision-narrow.pth",
  "models/torchvision-narrow-legacy.pth",
  "models/caffe-narrow.safetensors",
  "models/caffe-narrow.pth",
  "models/caffe-narrow-legacy.pth",
};

static void
test_truncated (gconstpointer name)
{
  g_autoptr (GByteArray) file = broken_file_read (name);

  for (gsize size = 0; size < file->len; size += 64) {
    g_autoptr (GError) error = NULL;

    g_assert_null (broken_file_load (file->data, size, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
    g_assert_true (g_str_has_prefix (error->message, BROKEN_FILE_NAME ": "));
  }
}

static void
test_foreign (void)
{
  static const char *const texts[] = { "x", "GIF89a", "\x80\2." };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GByteArray) file = g_byte_array_new ();

    broken_file_append (file, texts[i]);
    broken_file_assert_refused (file,
        "bytes of no known format (safetensors, ");
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
  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autofree char *path = g_strconcat ("/hostile/truncated/", models[i],
        NULL);

    g_test_add_data_func (path, models[i], test_truncated);
  }
  g_test_add_func ("/hostile/foreign", test_foreign);
  return g_test_run ();
}
