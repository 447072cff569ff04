/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The opcodes that name classes and functions and make objects. */

#include "machine.h"

#include <string.h>

static AlexnetPickleValue *
make_global (AlexnetPickleMachine *m, const char *name, GError **error)
{
  const char *kept = alexnet_pickle_keep (m, name, strlen (name), error);
  AlexnetPickleValue *value = kept
      ? alexnet_pickle_make (m, ALEXNET_PICKLE_GLOBAL, error)
      : NULL;

  if (!value)
    return NULL;
  value->global.name = kept;
  value->global.known = alexnet_pickle_find_global (kept);
  return value;
}

/* module, line feed, name, line feed */
static AlexnetPickleValue *
read_global (AlexnetPickleMachine *m, GError **error)
{
  g_autofree char *module = alexnet_pickle_read_name (m, error);
  g_autofree char *name = module ? alexnet_pickle_read_name (m, error) : NULL;
  g_autofree char *full = name ? g_strconcat (module, ".", name, NULL) : NULL;

  return full ? make_global (m, full, error) : NULL;
}

static gboolean
push_global (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *value = read_global (m, error);

  return value && alexnet_pickle_push (m, value, error);
}

static gboolean
push_stack_global (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *name = alexnet_pickle_pop (m, error);
  AlexnetPickleValue *module = name ? alexnet_pickle_pop (m, error) : NULL;
  g_autofree char *full = NULL;
  AlexnetPickleValue *value;

  if (!module)
    return FALSE;
  if (name->kind != ALEXNET_PICKLE_STRING ||
      module->kind != ALEXNET_PICKLE_STRING)
    return alexnet_format_error (error, "expected a module and a name");
  full = g_strconcat (module->string, ".", name->string, NULL);
  value = make_global (m, full, error);
  return value && alexnet_pickle_push (m, value, error);
}

/* A number that copyreg's registry knows where the pickle was written. */
static gboolean
push_extension (AlexnetPickleMachine *m, guint n_bytes, GError **error)
{
  g_autofree char *name = NULL;
  AlexnetPickleValue *value;
  guint64 number;

  if (!alexnet_pickle_read_number (m, n_bytes, &number, error))
    return FALSE;
  name = g_strdup_printf ("copyreg.extension_%" G_GUINT64_FORMAT, number);
  value = make_global (m, name, error);
  return value && alexnet_pickle_push (m, value, error);
}

static AlexnetPickleValue *
make_object (AlexnetPickleMachine *m, AlexnetPickleValue *callable,
    AlexnetPickleValue *args, GError **error)
{
  AlexnetPickleValue *value = alexnet_pickle_make (m, ALEXNET_PICKLE_OBJECT,
      error);

  if (!value)
    return NULL;
  value->object.callable = callable;
  value->object.args = args;
  return value;
}

/* What a call would give, with what is known of it; nothing is called. */
static gboolean
push_result (AlexnetPickleMachine *m, AlexnetPickleValue *callable,
    AlexnetPickleValue *args, GError **error)
{
  AlexnetPickleValue *value = NULL;

  if (callable->kind == ALEXNET_PICKLE_GLOBAL && callable->global.known &&
      args->kind == ALEXNET_PICKLE_TUPLE &&
      !alexnet_pickle_call (m, callable->global.known, args, &value, error))
    return FALSE;
  if (!value)
    value = make_object (m, callable, args, error);
  return value && alexnet_pickle_push (m, value, error);
}

static gboolean
reduce (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *args = alexnet_pickle_pop (m, error);
  AlexnetPickleValue *callable = args ? alexnet_pickle_pop (m, error) : NULL;

  return callable && push_result (m, callable, args, error);
}

/* Arguments by name become items of the object's mapping. */
static gboolean
make_with_keywords (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *keywords = alexnet_pickle_pop (m, error);
  AlexnetPickleValue *args = keywords ? alexnet_pickle_pop (m, error) : NULL;
  AlexnetPickleValue *callable = args ? alexnet_pickle_pop (m, error) : NULL;
  AlexnetPickleValue *value;

  if (!callable)
    return FALSE;
  if (keywords->kind != ALEXNET_PICKLE_DICT)
    return alexnet_format_error (error, "expected a dict of arguments");
  value = make_object (m, callable, args, error);
  if (!value)
    return FALSE;
  value->object.dict = keywords;
  return alexnet_pickle_push (m, value, error);
}

static gboolean
make_instance (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *args = alexnet_pickle_pop_tuple (m, error);
  AlexnetPickleValue *callable = args ? read_global (m, error) : NULL;

  return callable && push_result (m, callable, args, error);
}

/* The class is the first value above the mark. */
static gboolean
make_marked (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *args = alexnet_pickle_pop_tuple (m, error);
  AlexnetPickleValue *callable;

  if (!args)
    return FALSE;
  if (args->n_items == 0)
    return alexnet_format_error (error, "expected a class above the mark");
  callable = args->items[0];
  args->n_items--;
  memmove (args->items, args->items + 1, args->n_items * sizeof *args->items);
  return push_result (m, callable, args, error);
}

static gboolean
build (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *state = alexnet_pickle_pop (m, error);
  AlexnetPickleValue *value = state ? alexnet_pickle_top (m, error) : NULL;

  if (!value)
    return FALSE;
  switch (value->kind) {
    case ALEXNET_PICKLE_OBJECT:
      value->object.state = state;
      return TRUE;
    case ALEXNET_PICKLE_TENSOR:
    case ALEXNET_PICKLE_ARRAY:
      alexnet_pickle_set_state (value, state);
      return TRUE;
    /* An OrderedDict's attributes, as `_metadata` of a state_dict. */
    case ALEXNET_PICKLE_DICT:
      return TRUE;
    default:
      return alexnet_format_error (error, "gives state to what has none");
  }
}

static gboolean
push_loaded (AlexnetPickleMachine *m, AlexnetPickleValue *id, GError **error)
{
  AlexnetPickleValue *value = NULL, *callable;

  if (!alexnet_pickle_load (m, id, &value, error))
    return FALSE;
  if (!value) {
    callable = make_global (m, "persistent_load", error);
    value = callable ? make_object (m, callable, id, error) : NULL;
  }
  return value && alexnet_pickle_push (m, value, error);
}

static gboolean
load_id (AlexnetPickleMachine *m, guint argument, GError **error)
{
  AlexnetPickleValue *id = alexnet_pickle_pop (m, error);

  return id && push_loaded (m, id, error);
}

static gboolean
load_text_id (AlexnetPickleMachine *m, guint argument, GError **error)
{
  g_autofree char *line = alexnet_pickle_read_name (m, error);
  AlexnetPickleValue *id = line
      ? alexnet_pickle_make (m, ALEXNET_PICKLE_STRING, error)
      : NULL;

  if (!id)
    return FALSE;
  id->string = alexnet_pickle_keep (m, line, strlen (line), error);
  return id->string && push_loaded (m, id, error);
}

const AlexnetPickleOpcode alexnet_pickle_object_opcodes[] = {
  { 'c', "GLOBAL", push_global },
  { 0x93, "STACK_GLOBAL", push_stack_global },
  { 0x82, "EXT1", push_extension, 1 },
  { 0x83, "EXT2", push_extension, 2 },
  { 0x84, "EXT4", push_extension, 4 },
  { 'R', "REDUCE", reduce },
  { 0x81, "NEWOBJ", reduce },
  { 0x92, "NEWOBJ_EX", make_with_keywords },
  { 'i', "INST", make_instance },
  { 'o', "OBJ", make_marked },
  { 'b', "BUILD", build },
  { 'P', "PERSID", load_text_id },
  { 'Q', "BINPERSID", load_id },
  { 0 },
};
