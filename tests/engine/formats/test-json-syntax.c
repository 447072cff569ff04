/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is taken for JSON and what is not, and what it says, whatever version
 * of json-glib there is. */

#include "formats/json.h"

#include <string.h>

#include "alexnet.h"
#include "formats/json-syntax.h"
#include "support/cases.h"

/* Texts, and what the value is as json_to_string() writes it; in arrays, since
 * that writes numbers of some kinds differently elsewhere. */
typedef struct {
  const char *text, *value;
} Good;

static const Good good[] = {
  { "null", "null" },
  { " true ", "true" },
  { "\t\n\r false\r\n", "false" },
  { "{}", "{}" },
  { "[ ]", "[]" },
  { "\"\"", "\"\"" },
  { "[0,-0,7,-12,1234567890]", "[0,0,7,-12,1234567890]" },
  { "[9223372036854775807,-9223372036854775808]",
      "[9223372036854775807,-9223372036854775808]" },
  { "[1.5,-0.25,1.5e3,1.5E3,1.5e+3,15e-1,15E-1]",
      "[1.5,-0.25,1500.0,1500.0,1500.0,1.5,1.5]" },
  { "{ \"a\" : [ 1 , { \"b\" : null } ] , \"c\" : \"d\" }",
      "{\"a\":[1,{\"b\":null}],\"c\":\"d\"}" },
  { "{\"\":1}", "{\"\":1}" },
  { "[\"a/b\\/c\"]", "[\"a/b/c\"]" },
  { "[\"\\u0041\\u00e9\\u20AC\"]", "[\"A\303\251\342\202\254\"]" },
  { "[\"\\ud83d\\uDE00\"]", "[\"\360\237\230\200\"]" },
  { "[\"\303\251\342\202\254\360\237\230\200\"]",
      "[\"\303\251\342\202\254\360\237\230\200\"]" },
  { "[\"\\\"\\\\\"]", "[\"\\\"\\\\\"]" },
  { "[\"// /* no comment */ 'x'\"]", "[\"// /* no comment */ 'x'\"]" },
  { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]" },
};

static void
test_good (gconstpointer data)
{
  const Good *t = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode)
      node = alexnet_json_parse (t->text, strlen (t->text), "text", &error);
  g_autofree char *value = NULL;

  g_assert_no_error (error);
  value = json_to_string (node, FALSE);
  g_assert_cmpstr (value, ==, t->value);
}

/* The escapes that stand for control characters. */
static void
test_escapes (void)
{
  const char *text = "[\"\\b\\f\\n\\r\\t\\u001f\\u007f\"]";
  g_autoptr (JsonNode)
      node = alexnet_json_parse (text, strlen (text), "text", NULL);

  g_assert_cmpstr (json_array_get_string_element (json_node_get_array (node),
                       0),
      ==, "\b\f\n\r\t\037\177");
}

typedef struct {
  const char *text;
  gsize at; /* byte of the mistake */
  const char *expected;
} Bad;

#define UNITS_32 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["

static const Bad bad[] = {
  { "", 0, "a value" },
  { "   ", 3, "a value" },
  { "nul", 0, "a value" },
  { "True", 0, "a value" },
  { "NaN", 0, "a value" },
  { "Infinity", 0, "a value" },
  { "-Infinity", 1, "a digit" },
  { "undefined", 0, "a value" },
  { "nullx", 4, "nothing more" },
  { "1 2", 2, "nothing more" },
  { "{}{}", 2, "nothing more" },
  { "[1]]", 3, "nothing more" },
  { "[1", 2, "',' or ']'" },
  { "[1}", 2, "',' or ']'" },
  { "[1 2]", 3, "',' or ']'" },
  { "[1;2]", 2, "',' or ']'" },
  { "[", 1, "a value" },
  { "[,1]", 1, "a value" },
  { "[1,]", 3, "a value" },
  { "[1,,2]", 3, "a value" },
  { "{", 1, "a string" },
  { "{1:2}", 1, "a string" },
  { "{a:2}", 1, "a string" },
  { "{'a':2}", 1, "a string" },
  { "{\"a\"}", 4, "':'" },
  { "{\"a\" 1}", 5, "':'" },
  { "{\"a\"=1}", 4, "':'" },
  { "{\"a\":}", 5, "a value" },
  { "{\"a\":1", 6, "',' or '}'" },
  { "{\"a\":1]", 6, "',' or '}'" },
  { "{\"a\":1,}", 7, "a string" },
  { "{,}", 1, "a string" },
  { "['a']", 1, "a value" },
  { "/* a */ 1", 0, "a value" },
  { "1 // a", 2, "nothing more" },
  { "[1 /* a */]", 3, "',' or ']'" },
  { "# a\n1", 0, "a value" },
  { "var x = 1", 0, "a value" },
  { "\357\273\277[]", 0, "a value" },
  { "\"a", 2, "the end of a string" },
  { "\"a\\", 3, "an escape of JSON" },
  { "\"\\x41\"", 2, "an escape of JSON" },
  { "\"\\333\"", 2, "an escape of JSON" },
  { "\"\\0\"", 2, "an escape of JSON" },
  { "\"\\'\"", 2, "an escape of JSON" },
  { "\"\\v\"", 2, "an escape of JSON" },
  { "\"\\U0041\"", 2, "an escape of JSON" },
  { "\"\\u004\"", 6, "four hexadecimal digits" },
  { "\"\\u00g1\"", 5, "four hexadecimal digits" },
  { "\"\\u0000\"", 7, "a string without \\u0000" },
  { "\"\\ud83d\"", 7, "a surrogate pair" },
  { "\"\\ud83dx\"", 7, "a surrogate pair" },
  { "\"\\ud83d\\n\"", 8, "a surrogate pair" },
  { "\"\\ud83d\\u0041\"", 13, "a surrogate pair" },
  { "\"\\ude00\\ud83d\"", 7, "a surrogate pair" },
  { "\"\\ud83d\\ud83d\"", 13, "a surrogate pair" },
  { "\"a\tb\"", 2, "no control character" },
  { "\"a\nb\"", 2, "no control character" },
  { "01", 1, "nothing more" },
  { "-01", 2, "nothing more" },
  { "[00]", 2, "',' or ']'" },
  { "+1", 0, "a value" },
  { "-", 1, "a digit" },
  { "--1", 1, "a digit" },
  { ".5", 0, "a value" },
  { "1.", 2, "a digit" },
  { "1.e5", 2, "a digit" },
  { "1e", 2, "a digit" },
  { "1e+", 3, "a digit" },
  { "1e1.5", 3, "nothing more" },
  { "0x10", 1, "nothing more" },
  { "0b1", 1, "nothing more" },
  { "1_000", 1, "nothing more" },
  { "1,000", 1, "nothing more" },
  { "9223372036854775808", 19, "a number of at most 64 bits" },
  { "-9223372036854775809", 20, "a number of at most 64 bits" },
  { "1e999", 5, "a number within the range of double" },
  { "0."
    "00000000000000000000000000000000000000000000000000000000000000001",
      67, "a number of at most 64 characters" },
  { UNITS_32 "[", 32, "no deeper nesting than 32 levels" },
};

static void
test_bad (gconstpointer data)
{
  const Bad *t = data;
  g_autofree char
      *expected = g_strdup_printf ("text is not JSON: byte %" G_GSIZE_FORMAT
                                   ": expected %s",
          t->at, t->expected);
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_json_parse (t->text, strlen (t->text), "text",
      &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr (error->message, ==, expected);
}

/* A text ends where it is said to end, not at a NUL. */
static void
test_size (void)
{
  const char text[] = "[1,2]\0[3";

  g_assert_true (alexnet_json_check_syntax (text, 5, "text", NULL));
  g_assert_false (alexnet_json_check_syntax (text, 6, "text", NULL));
  g_assert_false (alexnet_json_check_syntax (text, 4, "text", NULL));
  g_assert_false (alexnet_json_check_syntax ("\"a\0b\"", 5, "text", NULL));
}

/* Every beginning of a good text, which may end anywhere. */
static void
test_cut (void)
{
  const char
      *text = "{\"a\":[1,-2.5e+3,\"\\ud83d\\ude00\\n\"],\"b\":[true,null]}";
  gsize size = strlen (text);

  for (gsize i = 0; i < size; i++) {
    g_autofree char *head = g_memdup2 (text, MAX (i, 1));

    g_assert_false (alexnet_json_check_syntax (head, i, "text", NULL));
  }
  g_assert_true (alexnet_json_check_syntax (text, size, "text", NULL));
}

static void
assert_refused (const char *text, gsize size, const char *expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_json_parse (text, size, "text", &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_limits (void)
{
  g_autofree char *open = g_strnfill (1000000, '[');
  g_autofree char *spaces = g_strnfill (ALEXNET_MAX_JSON + 1, ' ');

  assert_refused ("\"\xff\"", 3, "text is not UTF-8 text");
  assert_refused (open, 1000000,
      "text is not JSON: byte 32: expected no deeper nesting than 32 levels");
  assert_refused (spaces, ALEXNET_MAX_JSON + 1,
      "text of 16777217 bytes, expected at most 16777216");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_CASES ("/json/good", good, test_good);
  ADD_CASES ("/json/bad", bad, test_bad);
  g_test_add_func ("/json/escapes", test_escapes);
  g_test_add_func ("/json/size", test_size);
  g_test_add_func ("/json/cut", test_cut);
  g_test_add_func ("/json/limits", test_limits);
  return g_test_run ();
}
