/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pickles written by hand, one opcode after the other, and what is read from
 * them, as text. */

#include <string.h>

#include "formats/pickle/pickle.h"
#include "formats/pickle/walk.h"
#include "support/cases.h"
#include "support/says.h"

#define MAX_DEPTH 4 /* of what is printed */

typedef struct {
  const char *code;
  gsize size;
  const char *expected;
} Case;

#define CASE(code, expected)        \
  {                                 \
    code, sizeof code - 1, expected \
  }

static AlexnetPickle *
read_pickle (const void *code, gsize size, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (code, size);
  g_autoptr (AlexnetFile) file = alexnet_file_new_from_bytes (bytes, "pickle");

  return alexnet_pickle_new (file, 0, size, error);
}

static void print (GString *out, const AlexnetPickleValue *value, guint depth,
    const guint8 *file);

static void
print_items (GString *out, const AlexnetPickleValue *value, const char *begin,
    const char *end, guint depth, const guint8 *file)
{
  gboolean dict = value->kind == ALEXNET_PICKLE_DICT;

  g_string_append (out, begin);
  for (guint i = 0; i < value->n_items; i++) {
    if (i > 0)
      g_string_append (out, dict && i % 2 == 1 ? ": " : ", ");
    print (out, value->items[i], depth, file);
  }
  g_string_append (out, end);
}

/* name(arguments), what was appended, what was set, and its state */
static void
print_object (GString *out, const AlexnetPickleValue *value, guint depth,
    const guint8 *file)
{
  print (out, value->object.callable, depth, file);
  print (out, value->object.args, depth, file);
  if (value->n_items > 0)
    print_items (out, value, "+[", "]", depth, file);
  if (value->object.dict)
    print_items (out, value->object.dict, "+{", "}", depth, file);
  if (value->object.state) {
    g_string_append (out, "|");
    print (out, value->object.state, depth, file);
  }
}

static void
print_bytes (GString *out, const AlexnetPickleValue *value, const guint8 *file)
{
  const guint8 *bytes = value->bytes.data ? value->bytes.data
                                          : file + value->bytes.offset;

  g_string_append (out, "b");
  for (gsize i = 0; i < value->bytes.size; i++)
    g_string_append_printf (out, "%02x", bytes[i]);
}

static void
print_array (GString *out, const AlexnetPickleValue *value, guint depth,
    const guint8 *file)
{
  g_string_append (out, "array");
  if (!value->array.shape)
    return;
  print (out, value->array.shape, depth, file);
  print (out, value->array.dtype, depth, file);
  g_string_append (out, value->array.fortran ? "F" : "C");
  print (out, value->array.data, depth, file);
}

static void
print_storage (GString *out, const AlexnetPickleValue *value)
{
  g_string_append_printf (out, "%s %s[%d:%d] of %d", value->storage.type->dtype,
      value->storage.key, (int) value->storage.begin, (int) value->storage.end,
      (int) value->storage.n_values);
}

static void
print_tensor (GString *out, const AlexnetPickleValue *value, guint depth,
    const guint8 *file)
{
  g_string_append_printf (out, "tensor %s",
      value->tensor.type ? value->tensor.type->dtype : "");
  if (value->tensor.args)
    print (out, value->tensor.args, depth, file);
}

/* What has no parts. */
static void
print_scalar (GString *out, const AlexnetPickleValue *value, const guint8 *file)
{
  if (value->kind == ALEXNET_PICKLE_NONE)
    g_string_append (out, "None");
  else if (value->kind == ALEXNET_PICKLE_BOOL)
    g_string_append (out, value->integer ? "True" : "False");
  else if (value->kind == ALEXNET_PICKLE_INT)
    g_string_append_printf (out, "%" G_GINT64_FORMAT, value->integer);
  else if (value->kind == ALEXNET_PICKLE_LONG)
    g_string_append (out, "long");
  else if (value->kind == ALEXNET_PICKLE_FLOAT)
    g_string_append_printf (out, "%g", value->real);
  else if (value->kind == ALEXNET_PICKLE_STRING)
    g_string_append_printf (out, "'%s'", value->string);
  else if (value->kind == ALEXNET_PICKLE_BYTES)
    print_bytes (out, value, file);
  else if (value->kind == ALEXNET_PICKLE_GLOBAL)
    g_string_append (out, value->global.name);
  else
    print_storage (out, value);
}

static void
print (GString *out, const AlexnetPickleValue *value, guint depth,
    const guint8 *file)
{
  static const char *const brackets[][2] = {
    [ALEXNET_PICKLE_TUPLE] = { "(", ")" },
    [ALEXNET_PICKLE_LIST] = { "[", "]" },
    [ALEXNET_PICKLE_SET] = { "<", ">" },
    [ALEXNET_PICKLE_DICT] = { "{", "}" },
  };

  if (depth++ > MAX_DEPTH)
    g_string_append (out, "...");
  else if (value->kind < G_N_ELEMENTS (brackets) && brackets[value->kind][0])
    print_items (out, value, brackets[value->kind][0], brackets[value->kind][1],
        depth, file);
  else if (value->kind == ALEXNET_PICKLE_OBJECT)
    print_object (out, value, depth, file);
  else if (value->kind == ALEXNET_PICKLE_TENSOR)
    print_tensor (out, value, depth, file);
  else if (value->kind == ALEXNET_PICKLE_ARRAY)
    print_array (out, value, depth, file);
  else
    print_scalar (out, value, file);
}

#define FLOATS(key, n)                      \
  "(X\7\0\0\0storagectorch\nFloatStorage\n" \
  "X\1\0\0\0" key "X\3\0\0\0cpuK" n "tQ"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"

static const Case values[] = {
  CASE ("N.", "None"),
  CASE ("\x80\0N.", "None"),
  CASE ("\x80\5\x95\1\0\0\0\0\0\0\0N.", "None"),
  CASE ("\x88.", "True"),
  CASE ("\x89.", "False"),
  CASE ("I01\n.", "True"),
  CASE ("I00\n.", "False"),
  CASE ("I-12\n.", "-12"),
  CASE ("I123456789012345678901234567890\n.", "long"),
  CASE ("L123L\n.", "123"),
  CASE ("L-5\n.", "-5"),
  CASE ("L-99999999999999999999L\n.", "long"),
  CASE ("J\xfe\xff\xff\xff.", "-2"),
  CASE ("K\xff.", "255"),
  CASE ("M\xff\xff.", "65535"),
  CASE ("\x8a\0.", "0"),
  CASE ("\x8a\1\x80.", "-128"),
  CASE ("\x8a\2\xff\0.", "255"),
  CASE ("\x8a\x08\0\0\0\0\0\0\0\x80.", "-9223372036854775808"),
  CASE ("\x8a\x09\0\0\0\0\0\0\0\0\1.", "long"),
  CASE ("\x8b\1\0\0\0\7.", "7"),
  CASE ("F-1.5e3\n.", "-1500"),
  CASE ("Fnan\n.", "nan"),
  CASE ("G\x3f\xf8\0\0\0\0\0\0.", "1.5"),
  CASE ("S'it\\'s'\n.", "'it's'"),
  CASE ("S\"\\x41\\102\\t\\q\\\\\"\n.", "'AB\t\\q\\'"),
  CASE ("S'\\xff\\x00\\377'\n.", "bff00ff"),
  CASE ("S''\n.", "''"),
  CASE ("T\2\0\0\0ab.", "'ab'"),
  CASE ("U\2\xff\xfe.", "bfffe"),
  CASE ("U\3a\0b.", "b610062"),
  CASE ("X\2\0\0\0\xc3\xa9.", "'\xc3\xa9'"),
  CASE ("X\3\0\0\0\xed\xa0\x80.", "beda080"),
  CASE ("V\xe9\\u0416\\U0001f600 \\\\u0041 \\n\n.",
      "'\xc3\xa9\xd0\x96\xf0\x9f\x98\x80 \\\\u0041 \\n'"),
  CASE ("\x8c\1a.", "'a'"),
  CASE ("\x8d\1\0\0\0\0\0\0\0a.", "'a'"),
  CASE ("B\2\0\0\0ab.", "b6162"),
  CASE ("C\1\n.", "b0a"),
  CASE ("\x8e\1\0\0\0\0\0\0\0a.", "b61"),
  CASE ("\x96\1\0\0\0\0\0\0\0a.", "b61"),
  CASE (").", "()"),
  CASE ("].", "[]"),
  CASE ("}.", "{}"),
  CASE ("\x8f.", "<>"),
  CASE ("(NK\1t.", "(None, 1)"),
  CASE ("(NK\1l.", "[None, 1]"),
  CASE ("(NK\1d.", "{None: 1}"),
  CASE ("(NK\1\x91.", "<None, 1>"),
  CASE ("N\x85.", "(None)"),
  CASE ("NK\1\x86.", "(None, 1)"),
  CASE ("NK\1K\2\x87.", "(None, 1, 2)"),
  CASE ("]Na(K\1K\2eK\3a.", "[None, 1, 2, 3]"),
  CASE ("}K\1Ns(K\2NK\3Nu.", "{1: None, 2: None, 3: None}"),
  CASE ("\x8f(K\1K\2\x90.", "<1, 2>"),
  CASE ("NK\1"
        "0.",
      "None"),
  CASE ("N(0.", "None"),
  CASE ("N(K\1K\2"
        "1.",
      "None"),
  CASE ("N2\x86.", "(None, None)"),
  CASE ("]p0\ng0\na.", "[[[[[...]]]]]"),
  CASE ("Nq\7K\1r\x08\1\0\0h\7j\x08\1\0\0\x87.", "(1, None, 1)"),
  CASE ("N\x94K\1\x94h\0h\1\x86.", "(None, 1)"),
  CASE ("N\x94K\1q\5\x94h\2.", "1"),
  CASE ("cos\nsystem\n.", "os.system"),
  CASE ("\x8c\2os\x8c\6system\x93.", "os.system"),
  CASE ("\x82\7.", "copyreg.extension_7"),
  CASE ("\x84\0\0\0\1.", "copyreg.extension_16777216"),
  /* What would run a command elsewhere. */
  CASE ("cos\nsystem\n(S'ls'\ntR.", "os.system('ls')"),
  CASE ("(S'ls'\nios\nsystem\n.", "os.system('ls')"),
  CASE ("(cos\nsystem\nS'ls'\no.", "os.system('ls')"),
  CASE ("c__builtin__\neval\nX\1\0\0\0x\x85R.", "__builtin__.eval('x')"),
  CASE ("ca\nB\n)\x81}X\1\0\0\0wK\1sb.", "a.B()|{'w': 1}"),
  CASE ("ca\nB\nK\1\x85}X\1\0\0\0kNs\x92.", "a.B(1)+{'k': None}"),
  CASE ("ca\nB\n)R(K\1K\2e]aK\3Ns.", "a.B()+[1, 2, []]+{3: None}"),
  CASE ("ca\nB\n)R(K\1\x90.", "a.B()+[1]"),
  CASE ("ca\nB\n)Rq\0h\0b.", "a.B()|a.B()|a.B()|a.B()|......|..."),
  CASE ("K\1)R.", "1()"),
  CASE ("P7\n.", "persistent_load'7'"),
  CASE ("NQ.", "persistent_loadNone"),
  /* What is known. */
  CASE ("ccollections\nOrderedDict\n)RK\1Ns}X\1\0\0\0_Nsb.", "{1: None}"),
  CASE ("ccollections\nOrderedDict\n](](K\1Ne(K\2Nte\x85R.",
      "{1: None, 2: None}"),
  CASE ("ccollections\nOrderedDict\nK\1\x85R.", "collections.OrderedDict(1)"),
  CASE ("ccollections\nOrderedDict\n]K\1a\x85R.",
      "collections.OrderedDict([1])"),
  CASE ("c_codecs\nencode\nX\3\0\0\0a\xc3\xa9X\6\0\0\0latin1\x86R.", "b61e9"),
  CASE ("c_codecs\nencode\nX\3\0\0\0\0\xc2\x80X\6\0\0\0latin1\x86R.", "b0080"),
  CASE ("c_codecs\nencode\nX\2\0\0\0\xd0\x96X\6\0\0\0latin1\x86R.",
      "_codecs.encode('\xd0\x96', 'latin1')"),
  CASE ("c_codecs\nencode\nX\1\0\0\0aX\4\0\0\0utf8\x86R.",
      "_codecs.encode('a', 'utf8')"),
  CASE (FLOATS ("0", "\4") ".", "float32 0[0:4] of 4"),
  CASE ("(X\6\0\0\0moduleca\nC\nX\4\0\0\0c.pyNtQ.", "a.C"),
  CASE ("(U\7storagectorch\nHalfStorage\nU\1"
        "7U\3cpuK\7(U\1vK\2K\3ttQ.",
      "float16 7[2:5] of 7"),
  CASE ("(U\7storagectorch.storage\nUntypedStorage\nU\1"
        "7U\3cpuK\7tQ.",
      "untyped 7[0:7] of 7"),
  CASE ("(U\7storageca\nMyStorage\nU\1"
        "7U\3cpuK\7tQ.",
      "persistent_load('storage', a.MyStorage, '7', 'cpu', 7)"),
  CASE (REBUILD "(" FLOATS ("0", "\4") "K\1K\3\x85K\1\x85\x89NtR.",
      "tensor (float32 0[0:4] of 4, 1, (3), (1), False, None)"),
  CASE ("ctorch._utils\n_rebuild_tensor_v3\n(" FLOATS ("0",
            "\4") "K\0))\x89Nctorch\nfloat8_e5m2\ntR.",
      "tensor float8_e5m2(float32 0[0:4] of 4, 0, (), (), False, None, "
      "torch.float8_e5m2)"),
  CASE ("ctorch._utils\n_rebuild_parameter\n(" REBUILD
        "(" FLOATS ("0", "\4") "K\0))tR\x88NtR.",
      "tensor (float32 0[0:4] of 4, 0, (), ())"),
  CASE ("ctorch._tensor\n_rebuild_from_type_v2\n(" REBUILD "ca\nSub\n"
        "(" FLOATS ("0", "\4") "K\0))t}tR.",
      "tensor (float32 0[0:4] of 4, 0, (), ())"),
  CASE ("ctorch\nFloatTensor\n)R.", "tensor "),
  CASE ("ctorch\nFloatTensor\n)R(" FLOATS ("0", "\4") "K\0))tb.",
      "tensor (float32 0[0:4] of 4, 0, (), ())"),
  CASE (REBUILD "(NK\0))tR.",
      "torch._utils._rebuild_tensor_v2(None, 0, (), ())"),
  CASE (REBUILD "(" FLOATS ("0", "\4") "K\0J\xff\xff\xff\xff\x85K\1\x85tR.",
      "torch._utils._rebuild_tensor_v2(float32 0[0:4] of 4, 0, (-1), (1))"),
  CASE (REBUILD "(" FLOATS ("0", "\4") "K\0K\1\x85)tR.",
      "torch._utils._rebuild_tensor_v2(float32 0[0:4] of 4, 0, (1), ())"),
  CASE ("ctorch.jit._pickle\nrestore_type_tag\n]X\1\0\0\0t\x86R.", "[]"),
  CASE ("cnumpy.core.multiarray\n_reconstruct\n)R.", "array"),
  CASE ("cnumpy._core.multiarray\n_reconstruct\n)R"
        "(K\1K\2\x85"
        "cnumpy\ndtype\nX\2\0\0\0f4\x85R\x88"
        "C\x08\0\0\0\0\0\0\0\0tb.",
      "array(2)numpy.dtype('f4')Fb0000000000000000"),
  CASE ("cnumpy.core.multiarray\n_reconstruct\n)R()N\x89]Natb.",
      "array()NoneC[None]"),
  CASE ("cnumpy.core.numeric\n_frombuffer\n(C\1aNK\1\x85X\1\0\0\0CtR.",
      "array(1)NoneCb61"),
};

static void
test_value (gconstpointer data)
{
  const Case *t = data;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (AlexnetPickle) pickle = read_pickle (t->code, t->size, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (pickle->size, ==, t->size);
  print (out, pickle->root, 0, (const guint8 *) t->code);
  g_assert_cmpstr (out->str, ==, t->expected);
}

static const Case errors[] = {
  CASE ("", "pickle at byte 0: ends too early"),
  CASE ("N", "pickle at byte 1: ends too early"),
  CASE (".", "pickle at byte 0, STOP: nothing is on the stack"),
  CASE ("(.", "nothing is on the stack"),
  CASE ("N(.", "nothing is on the stack"),
  CASE ("\x80\6N.", "has protocol 6, expected at most 5"),
  CASE ("\xff.", "there is no opcode 0xff"),
  CASE ("\x80\5\x97.", "NEXT_BUFFER: wants a buffer from outside"),
  CASE ("\x80\5\x98.", "READONLY_BUFFER: wants a buffer from outside"),
  CASE ("R", "nothing is on the stack"),
  CASE ("NR", "nothing is on the stack"),
  CASE ("Q", "nothing is on the stack"),
  CASE ("t", "no mark is on the stack"),
  CASE ("u", "no mark is on the stack"),
  CASE ("1", "no mark is on the stack"),
  CASE ("o", "no mark is on the stack"),
  CASE ("(o", "expected a class above the mark"),
  CASE ("(u", "nothing is below the mark"),
  CASE ("}((Nu", "nothing is below the mark"),
  CASE ("}(Nu", "a key without a value"),
  CASE ("(Nd", "a key alone"),
  CASE ("N(NNu", "something else than a dict"),
  CASE ("NNNs", "something else than a dict"),
  CASE ("NNa", "something else than a list"),
  CASE ("}Na", "something else than a list"),
  CASE ("N(Ne", "something else than a list"),
  CASE ("](N\x90", "something else than a set"),
  CASE ("s", "nothing is on the stack"),
  CASE ("\x87", "nothing is on the stack"),
  CASE ("Nb", "nothing is on the stack"),
  CASE ("NNb", "gives state to what has none"),
  CASE ("q\0", "nothing is on the stack"),
  CASE ("h\7", "recalls value 7, which it never kept"),
  CASE ("g7\n", "recalls value 7, which it never kept"),
  CASE ("gx\n", "expected the index of a value"),
  CASE ("Ng-1\n", "expected the index of a value"),
  CASE ("j\xff\xff\xff\xff", "never kept"),
  CASE ("Nr\xff\xff\xff\xff", "a memo of more than"),
  CASE ("Np99999999999999999999\n", "expected the index"),
  CASE ("Np9999999999\n", "a memo of more than"),
  CASE ("X\xff\xff\xff\xff", "ends too early"),
  CASE ("B\xff\xff\xff\xff", "ends too early"),
  CASE ("\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "ends too early"),
  CASE ("\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", "ends too early"),
  CASE ("\x8b\xff\xff\xff\xff", "ends too early"),
  CASE ("\x95\1", "ends too early"),
  CASE ("S'a", "ends too early"),
  CASE ("S'a\n", "expected a string in quotes"),
  CASE ("Sa'\n", "expected a string in quotes"),
  CASE ("S'\n", "expected a string in quotes"),
  CASE ("V\\u12\n", "has a bad escape"),
  CASE ("V\\U7fffffff\n", "has a bad escape"),
  CASE ("I\n", "expected an integer"),
  CASE ("I1.5\n", "expected an integer"),
  CASE ("L--11111111111111111111x\n", "expected an integer"),
  CASE ("F\n", "expected a number"),
  CASE ("F1x\n", "expected a number"),
  CASE ("c\xff\na\n", "not UTF-8"),
  CASE ("ca\n", "ends too early"),
  CASE ("NN\x93", "expected a module and a name"),
  CASE ("ca\nB\n)N\x92", "expected a dict of arguments"),
  CASE ("(U\7storagectorch\nHalfStorage\nU\1"
        "7U\3cpuJ\xff\xff\xff\xfftQ",
      "storage of -1 values"),
  CASE ("(U\7storagectorch\nHalfStorage\nU\1"
        "7U\3cpuK\7(U\1vK\2K\6ttQ.",
      "storage of 7 values, or a part of it of 6 from 2 on"),
  CASE ("(U\7storagectorch\nHalfStorage\nU\1"
        "7U\3cpuK\7(U\1vJ\xff\xff\xff\xffK\1ttQ.",
      "storage of 7 values, or a part of it of 1 from -1 on"),
};

static void
assert_refused (const void *code, gsize size, const char *expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (read_pickle (code, size, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, "pickle at byte "));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  assert_says (error->message, expected);
}

static void
test_error (gconstpointer data)
{
  const Case *t = data;

  assert_refused (t->code, t->size, t->expected);
}

/* All that Python's pickle module writes. */
static void
test_opcodes (void)
{
  static const char all[] = "(.012FIJKLMNPQRSTUVXabcd}egehijl]opqrstu)G"
                            "\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a"
                            "\x8b"
                            "BC\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96"
                            "\x97\x98";

  for (guint i = 0; i < 256; i++) {
    guint8 code = (guint8) i;
    g_autoptr (GError) error = NULL;
    g_autoptr (AlexnetPickle) pickle = read_pickle (&code, 1, &error);
    gboolean known = memchr (all, code, sizeof all - 1) != NULL;

    g_assert_null (pickle);
    if (known == (strstr (error->message, "there is no opcode") != NULL))
      g_error ("opcode 0x%02x: %s", code, error->message);
  }
}

/* Where a string begins and ends in what is read at a time. */
static void
test_windows (void)
{
  for (guint fill = 65500; fill < 65540; fill++) {
    g_autoptr (GString) code = g_string_new ("(");
    g_autoptr (GError) error = NULL;
    g_autoptr (AlexnetPickle) pickle = NULL;

    for (guint i = 0; i < fill; i++)
      g_string_append_c (code, 'N');
    g_string_append (code, "0S'across'\n\x8c\6stringK\7ca\nbc\nt.");
    pickle = read_pickle (code->str, code->len, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (pickle->root->n_items, ==, fill + 3);
    g_assert_cmpstr (pickle->root->items[fill - 1]->string, ==, "across");
    g_assert_cmpstr (pickle->root->items[fill]->string, ==, "string");
    g_assert_cmpint (pickle->root->items[fill + 1]->integer, ==, 7);
    g_assert_cmpstr (pickle->root->items[fill + 2]->global.name, ==, "a.bc");
  }
}

/* One of several pickles behind each other, of a file that goes on. */
static void
test_place (void)
{
  static const char code[] = "xxK\7.K\x08.N";
  g_autoptr (GBytes) bytes = g_bytes_new (code, sizeof code - 1);
  g_autoptr (AlexnetFile) file = alexnet_file_new_from_bytes (bytes, "pickle");
  g_autoptr (AlexnetPickle) first = NULL, second = NULL, third = NULL;
  g_autoptr (GError) error = NULL;

  first = alexnet_pickle_new (file, 2, 6, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (first->size, ==, 3);
  second = alexnet_pickle_new (file, 5, 3, &error);
  g_assert_no_error (error);
  g_assert_cmpint (second->root->integer, ==, 8);
  third = alexnet_pickle_new (file, 5, 2, &error);
  g_assert_null (third);
  assert_says (error->message, "ends too early");
}

/* Long strings and all bytes stay in the file. */
/* A key with a line break in it stands in a note as one line. */
static void
test_labels (void)
{
  static const char code[] =
      "(dVmy\\u000amodel\n(dVclasses\n(lVcat\naVdog\nass.";
  g_autoptr (AlexnetModelSource) source = alexnet_model_source_new ();
  const AlexnetStorages none = { 0 };
  GError *error = NULL;
  g_autoptr (AlexnetPickle)
      pickle = read_pickle (code, sizeof code - 1, &error);

  g_assert_no_error (error);
  g_assert_true (alexnet_pickle_walk (source, pickle, pickle->root, &none,
      &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (source->labels), ==, 2);
  g_assert_cmpstr (source->labels[1], ==, "dog");
  g_assert_cmpuint (source->notes->len, ==, 1);
  g_assert_cmpstr (source->notes->pdata[0], ==,
      "2 labels at 'my\\nmodel.classes'");
}

static void
test_long_string (void)
{
  g_autoptr (GString) code = g_string_new_len ("X\0\0\2\0", 5);
  g_autoptr (AlexnetPickle) pickle = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 0x20000; i++)
    g_string_append_c (code, 'a');
  g_string_append_c (code, '.');
  pickle = read_pickle (code->str, code->len, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pickle->root->kind, ==, ALEXNET_PICKLE_BYTES);
  g_assert_null (pickle->root->bytes.data);
  g_assert_cmpuint (pickle->root->bytes.offset, ==, 5);
  g_assert_cmpuint (pickle->root->bytes.size, ==, 0x20000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD_CASES ("/pickle/value", values, test_value);
  ADD_CASES ("/pickle/error", errors, test_error);
  g_test_add_func ("/pickle/opcodes", test_opcodes);
  g_test_add_func ("/pickle/windows", test_windows);
  g_test_add_func ("/pickle/place", test_place);
  g_test_add_func ("/pickle/labels", test_labels);
  g_test_add_func ("/pickle/long-string", test_long_string);
  return g_test_run ();
}
