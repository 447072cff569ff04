/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pickle.h"

#include "machine.h"

#define MAX_PROTOCOL 5
#define MAX_OPCODES (1u << 24)
#define CODE_PROTO 0x80
#define CODE_FRAME 0x95
#define CODE_STOP '.'

static gboolean
check_protocol (AlexnetPickleMachine *m, guint argument, GError **error)
{
  guint64 protocol;

  if (!alexnet_pickle_read_number (m, 1, &protocol, error))
    return FALSE;
  return protocol <= MAX_PROTOCOL ||
      alexnet_format_error (error,
          "has protocol %" G_GUINT64_FORMAT ", expected at most %d", protocol,
          MAX_PROTOCOL);
}

/* How many bytes follow, for those who read ahead. */
static gboolean
pass_frame (AlexnetPickleMachine *m, guint argument, GError **error)
{
  return alexnet_pickle_skip (m, 8, error);
}

static const AlexnetPickleOpcode own_opcodes[] = {
  { CODE_PROTO, "PROTO", check_protocol },
  { CODE_FRAME, "FRAME", pass_frame },
  { CODE_STOP, "STOP" },
  { 0 },
};

static void
fill_table (const AlexnetPickleOpcode *table[256])
{
  const AlexnetPickleOpcode *const all[] = { own_opcodes,
    alexnet_pickle_scalar_opcodes, alexnet_pickle_container_opcodes,
    alexnet_pickle_object_opcodes };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    for (const AlexnetPickleOpcode *opcode = all[i]; opcode->name; opcode++)
      table[opcode->code] = opcode;
}

/* Runs up to and with STOP; the value that is left. */
static AlexnetPickleValue *
run (AlexnetPickleMachine *m, GError **error)
{
  const AlexnetPickleOpcode *table[256] = { 0 }, *opcode = NULL;
  AlexnetPickleValue *root = NULL;
  guint64 at = m->at;

  fill_table (table);
  for (guint n = 0;; n++) {
    const guint8 *code;

    at = m->at;
    code = alexnet_pickle_read (m, 1, error);
    opcode = code ? table[*code] : NULL;
    if (code && !opcode)
      alexnet_format_error (error, "there is no opcode 0x%02x", *code);
    else if (n >= MAX_OPCODES)
      alexnet_format_error (error, "has more than %u opcodes", MAX_OPCODES);
    else if (opcode && opcode->code == CODE_STOP)
      root = alexnet_pickle_pop (m, error);
    else if (opcode && opcode->run (m, opcode->argument, error))
      continue;
    break;
  }
  if (!root)
    g_prefix_error (error,
        "pickle at byte %" G_GUINT64_FORMAT "%s%s: ", at - m->begin,
        opcode ? ", " : "", opcode ? opcode->name : "");
  return root;
}

static void
machine_clear (AlexnetPickleMachine *m)
{
  g_free (m->window);
  g_ptr_array_unref (m->stack);
  g_array_unref (m->marks);
  g_ptr_array_unref (m->memo);
  g_hash_table_unref (m->encoded);
}

AlexnetPickle *
alexnet_pickle_new (const AlexnetFile *file, guint64 offset, guint64 size,
    GError **error)
{
  g_autoptr (AlexnetPickle) pickle = g_new0 (AlexnetPickle, 1);
  AlexnetPickleMachine m = {
    .pickle = pickle,
    .file = file,
    .begin = offset,
    .at = offset,
    .end = offset + size,
    .window = g_malloc (ALEXNET_PICKLE_MAX_TEXT),
    .stack = g_ptr_array_new (),
    .marks = g_array_new (FALSE, FALSE, sizeof (guint)),
    .memo = g_ptr_array_new (),
    .encoded = g_hash_table_new (NULL, NULL),
  };

  pickle->blocks = g_ptr_array_new_with_free_func (g_free);
  pickle->chunks = g_ptr_array_new_with_free_func (g_free);
  pickle->strings = g_string_chunk_new (4096);
  pickle->root = run (&m, error);
  pickle->size = m.at - m.begin;
  machine_clear (&m);
  return pickle->root ? g_steal_pointer (&pickle) : NULL;
}

void
alexnet_pickle_free (AlexnetPickle *pickle)
{
  if (!pickle)
    return;
  for (guint i = 0; i < pickle->n_values; i++)
    g_free (alexnet_pickle_get (pickle, i)->items);
  g_ptr_array_unref (pickle->chunks);
  g_clear_pointer (&pickle->blocks, g_ptr_array_unref);
  g_string_chunk_free (pickle->strings);
  g_free (pickle);
}
