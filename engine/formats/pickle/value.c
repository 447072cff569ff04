/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pickle.h"

static const char *const kind_names[] = {
  [ALEXNET_PICKLE_NONE] = "None",
  [ALEXNET_PICKLE_BOOL] = "a bool",
  [ALEXNET_PICKLE_INT] = "an integer",
  [ALEXNET_PICKLE_LONG] = "a long integer",
  [ALEXNET_PICKLE_FLOAT] = "a float",
  [ALEXNET_PICKLE_STRING] = "a string",
  [ALEXNET_PICKLE_BYTES] = "bytes",
  [ALEXNET_PICKLE_TUPLE] = "a tuple",
  [ALEXNET_PICKLE_LIST] = "a list",
  [ALEXNET_PICKLE_SET] = "a set",
  [ALEXNET_PICKLE_DICT] = "a dict",
  [ALEXNET_PICKLE_STORAGE] = "a storage",
  [ALEXNET_PICKLE_TENSOR] = "a tensor",
  [ALEXNET_PICKLE_ARRAY] = "an array",
};

AlexnetPickleValue *
alexnet_pickle_get (const AlexnetPickle *pickle, guint i)
{
  return (AlexnetPickleValue *)
             pickle->chunks->pdata[i / ALEXNET_PICKLE_CHUNK] +
      i % ALEXNET_PICKLE_CHUNK;
}

gboolean
alexnet_pickle_item_is (const AlexnetPickleValue *value, guint i,
    AlexnetPickleKind kind)
{
  return i < value->n_items && value->items[i]->kind == kind;
}

AlexnetPickleValue *
alexnet_pickle_lookup (const AlexnetPickleValue *dict, const char *key)
{
  if (dict->kind != ALEXNET_PICKLE_DICT)
    return NULL;
  for (guint i = 0; i + 1 < dict->n_items; i += 2)
    if (alexnet_pickle_item_is (dict, i, ALEXNET_PICKLE_STRING) &&
        g_str_equal (dict->items[i]->string, key))
      return dict->items[i + 1];
  return NULL;
}

/* Of an object, its class or the function that made it. */
char *
alexnet_pickle_describe (const AlexnetPickleValue *value)
{
  const AlexnetPickleValue *named = value;
  g_autofree char *quoted = NULL;

  if (value->kind == ALEXNET_PICKLE_OBJECT)
    named = value->object.callable;
  if (named->kind != ALEXNET_PICKLE_GLOBAL)
    return g_strdup (named == value ? kind_names[value->kind] : "an object");
  quoted = alexnet_quote (named->global.name);
  return g_strconcat (named == value ? "the class or function " : "an object ",
      quoted, NULL);
}
