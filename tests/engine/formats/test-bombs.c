/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that would become large or take long: what reading each costs has
 * bounds, whether it ends in an error or not. The first are pickles, in a
 * checkpoint of the layout before PyTorch 1.6. */

#include <sys/resource.h>

#include "formats/reader.h"
#include "support/cases.h"
#include "support/says.h"

#define MAX_SECONDS 2.
#define MAX_MEGABYTES 256

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

typedef struct {
  const char *code;
  gsize size;
} Part;

/* A beginning, what repeats, an end. */
typedef struct {
  const char *name;
  Part begin, repeat;
  guint n;
  Part end;
  const char *expected; /* NULL: it is read */
  gboolean whole;       /* a file, and not a pickle */
} Bomb;

#define PART(code)        \
  {                       \
    code, sizeof code - 1 \
  }
#define NO_END PART ("")
#define STOP PART (".")
static const Bomb bombs[] = {
  { "deep-tuples", PART (")"), PART ("\x85"), 1000000, STOP, NULL },
  { "deep-lists", PART ("]q\2"),
      PART ("]q\1"
            "ah\1"),
      500000, PART ("h\2."), NULL },
  { "more-tuples", PART (""), PART (")"), 20000000, NO_END,
      "makes more than 1048576 values" },
  { "wide-tuples", PART ("]("), PART (")"), 1000000, PART ("e."), NULL },
  { "more-objects", PART ("ca\nb\nq\1"), PART ("h\1)R"), 5000000, NO_END,
      "makes more than 1048576 values" },
  { "wide-objects", PART ("](ca\nb\nq\1)q\2"), PART ("h\1h\2R"), 1000000,
      PART ("e."), NULL },
  { "laughs", PART ("]q\1"), PART ("](h\1h\1h\1h\1h\1h\1h\1h\1eq\1"), 100000,
      STOP, NULL },
  { "more-laughs", PART ("]q\1"), PART ("](h\1h\1h\1h\1h\1h\1h\1h\1eq\1"),
      1000000, NO_END, "holds more than 2097152 items" },
  { "marks", PART (""), PART ("("), 20000000, NO_END, "more than" },
  { "stack", PART ("N"), PART ("2"), 20000000, NO_END, "more than" },
  { "long-run", PART ("N"), PART ("20"), 40000000, NO_END,
      "has more than 16777216 opcodes" },
  { "memo", PART ("N"), PART ("\x94"), 20000000, NO_END, "memo of more" },
  { "list-in-itself", PART ("]q\1"), PART ("h\1a"), 2000000, STOP, NULL },
  { "dict-in-itself", PART ("}q\1"), PART ("h\1h\1s"), 1000000, STOP, NULL },
  { "state-in-itself", PART ("ca\nb\n)Rq\1"), PART ("h\1b"), 5000000, STOP,
      NULL },
  { "shared-state", PART ("](ca\nb\nq\1)q\2]Nah\1h\2Rq\3"), PART ("h\1)Rh\3b"),
      500000, PART ("e."), NULL },
  { "pairs-again",
      PART ("ccollections\nOrderedDict\nq\1](](NNe](NNe](NNe](NNe](NNee"
            "\x85q\2"),
      PART ("h\1h\2R0"), 1000000, NO_END, "more than" },
  { "encoded-again",
      PART ("c_codecs\nencode\nq\1X\x08\0\0\0\xc3\xa9 again"
            "X\6\0\0\0latin1\x86q\2"),
      PART ("h\1h\2R0"), 3000000, STOP, NULL },
  { "types-of-types", PART ("ctorch._tensor\n_rebuild_from_type_v2\nq\1)"),
      PART ("q\2"
            "0(h\1Nh\2Nth\1h\2R0"),
      200000, PART ("N."), NULL },
  { "names", PART (""),
      PART ("caaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nb\n0"), 1000000,
      NO_END, "bytes of text" },
  { "tensors", PART ("](ctorch\nFloatTensor\n)R"), PART ("2"), 1000000,
      PART ("e."), "more than 100000 tensors" },
  { "tensor-names", PART ("}q\3q\1"),
      PART ("h\1X\x10\0\0\0"
            "0123456789abcdef}q\1s0"),
      100, PART ("h\1U\1wctorch\nFloatTensor\n)Rs0h\3."),
      "a name of more than 512 bytes" },
  { "safetensors-100-megabytes", PART ("\xf8\xe0\xf5\5\0\0\0\0{\"a\":["),
      PART ("0,"), 49999997, PART ("0]}"), "header of 99999992 bytes", TRUE },
  { "safetensors-16-megabytes",
      PART ("\xd9\xff\xff\0\0\0\0\0{\"__metadata__\":{\"a\":\""),
      PART ("0123456789abcdef"), (1 << 20) - 4, PART ("\"}}"), NULL, TRUE },
  { "index-100-megabytes", PART ("{\"weight_map\":["), PART ("[],"), 33333333,
      PART ("0]}"), "index of", TRUE },
  { "npy-100-megabytes", PART ("\x93NUMPY\2\0\0\xe1\xf5\5"),
      PART ("          "), 10000000, PART ("{}"), "header", TRUE },
  { "onnx-fields", PART ("\x8\7\x12\1a"), PART ("\x28\1"), 50000000, NO_END,
      "more fields than any model has", TRUE },
  { "caffe-layers", PART ("\xa\1a"), PART ("\xa2\6\0"), 1000000, NO_END,
      "is there more than 65536 times", TRUE },
};

static void
append (GByteArray *out, Part part)
{
  g_byte_array_append (out, (const guint8 *) part.code, (guint) part.size);
}

static GBytes *
write_file (const Bomb *bomb)
{
  GByteArray *out = g_byte_array_new ();

  if (!bomb->whole)
    append (out,
        (Part) PART ("\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
                     "\x80\2M\xe9\x03.\x80\2}(U\x0dlittle_endian\x88u."));
  append (out, bomb->begin);
  for (guint i = 0; i < bomb->n; i++)
    append (out, bomb->repeat);
  append (out, bomb->end);
  if (!bomb->whole)
    append (out, (Part) PART ("]."));
  return g_byte_array_free_to_bytes (out);
}

/* Of processors, which others may keep from us. */
static double
seconds (const struct rusage *usage)
{
  return (double) (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
      1e-6 * (double) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

static void
assert_cheap (const struct rusage *before)
{
  struct rusage after;
  double time;
  long memory;

  getrusage (RUSAGE_SELF, &after);
  time = seconds (&after) - seconds (before);
  memory = (after.ru_maxrss - before->ru_maxrss) >> 10;
  g_printerr ("%.3f s, %ld MB\n", time, memory);
  if (SANITIZED)
    return;
  g_assert_cmpfloat (time, <, MAX_SECONDS);
  g_assert_cmpint (memory, <, MAX_MEGABYTES);
}

static void
run_bomb (const Bomb *bomb)
{
  g_autoptr (GBytes) bytes = write_file (bomb);
  g_autoptr (AlexnetFile) file = alexnet_file_new_from_bytes (bytes, "bomb");
  g_autoptr (AlexnetModelSource) source = alexnet_model_source_new ();
  g_autoptr (GError) error = NULL;
  struct rusage before;

  getrusage (RUSAGE_SELF, &before);
  alexnet_model_source_read (source, file, &error);
  assert_cheap (&before);
  if (!bomb->expected) {
    g_assert_no_error (error);
    return;
  }
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message, bomb->expected);
}

/* In a process of its own, whose peak of memory is its own. */
static void
test_bomb (gconstpointer bomb)
{
  if (g_test_subprocess ()) {
    run_bomb (bomb);
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD_NAMED_CASES ("/bombs", bombs, test_bomb);
  return g_test_run ();
}
