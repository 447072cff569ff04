/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Breadth first, so that the name of what has several is the shortest. */

#include "walk.h"

#include <string.h>

#define MAX_DEPTH 128
#define MAX_NAME 512
#define ROOT_NAME "tensor" /* of one that is all there is */

/* A container to be walked, and how it was come to. */
typedef struct {
  AlexnetPickleValue *value;
  guint parent; /* index of its frame */
  guint depth;
  gboolean state;  /* it is the state of an object */
  const char *key; /* "": none of its own; NULL: */
  gint64 index;
} Frame;

typedef struct {
  AlexnetModelSource *source;
  AlexnetPickle *pickle;
  const AlexnetStorages *storages;
  GArray *frames; /* Frame: a queue, of which nothing is taken */
  guint n_too_deep;
} Walk;

static const char *const member_dicts[] = { "_modules", "_parameters",
  "_buffers" };

static void
prepend_part (GString *name, const Frame *frame)
{
  g_autofree char *number = NULL;
  const char *part = frame->key;

  if (!part)
    part = number = g_strdup_printf ("%" G_GINT64_FORMAT, frame->index);
  if (*part && name->len > 0)
    g_string_prepend_c (name, '.');
  g_string_prepend (name, part);
}

/* NULL when it is too long. */
static char *
make_name (const Walk *walk, const Frame *frame, GError **error)
{
  g_autoptr (GString) name = g_string_new (NULL);

  for (;;) {
    prepend_part (name, frame);
    if (name->len > MAX_NAME) {
      alexnet_format_error (error,
          "a tensor or module has a name of more than %d bytes", MAX_NAME);
      return NULL;
    }
    if (frame->depth == 0)
      break;
    frame = &g_array_index (walk->frames, Frame, frame->parent);
  }
  if (name->len == 0)
    g_string_assign (name, ROOT_NAME);
  return g_string_free (g_steal_pointer (&name), FALSE);
}

static gboolean
is_same (const AlexnetTensorEntry *entry, const AlexnetTensor *tensor,
    const char *unusable)
{
  if (entry->unusable || unusable)
    return entry->unusable && unusable;
  return alexnet_tensor_equal (&entry->tensor, tensor);
}

/* A tensor that is found twice under one name is one. */
static gboolean
add_tensor (Walk *walk, const char *name, const AlexnetTensor *tensor,
    char *unusable, GError **error)
{
  const AlexnetTensorEntry
      *entry = alexnet_tensor_set_find (walk->source->tensors, name);

  if (entry && is_same (entry, tensor, unusable)) {
    g_free (unusable);
    return TRUE;
  }
  return alexnet_tensor_set_add (walk->source->tensors, name, tensor, unusable,
      error);
}

static gboolean
visit_tensor (Walk *walk, const Frame *frame, GError **error)
{
  g_autofree char *name = make_name (walk, frame, error);
  AlexnetTensor tensor;
  char *unusable;

  if (!name)
    return FALSE;
  if (!alexnet_pickle_to_tensor (walk->pickle, frame->value, walk->storages,
          &tensor, &unusable, error)) {
    g_autofree char *quoted = alexnet_quote (name);

    g_prefix_error (error, "tensor %s: ", quoted);
    return FALSE;
  }
  return add_tensor (walk, name, &tensor, unusable, error);
}

/* A tensor of a kind that nothing is known of: sparse, nested, quantised. */
static gboolean
is_foreign_tensor (const AlexnetPickleValue *value)
{
  const AlexnetPickleValue *callable = value->object.callable;

  return callable->kind == ALEXNET_PICKLE_GLOBAL &&
      g_str_has_prefix (callable->global.name, "torch._utils._rebuild_");
}

static gboolean
visit_foreign_tensor (Walk *walk, const Frame *frame, GError **error)
{
  g_autofree char *name = make_name (walk, frame, error);
  g_autofree char *what = alexnet_pickle_describe (frame->value);

  return name &&
      add_tensor (walk, name, NULL,
          g_strdup_printf ("is %s, expected a dense tensor", what), error);
}

static gboolean
is_container (const AlexnetPickleValue *value)
{
  switch (value->kind) {
    case ALEXNET_PICKLE_TUPLE:
    case ALEXNET_PICKLE_LIST:
    case ALEXNET_PICKLE_SET:
    case ALEXNET_PICKLE_DICT:
    case ALEXNET_PICKLE_OBJECT:
      return TRUE;
    default:
      return FALSE;
  }
}

/* An array of objects is the list of them; of one without dimensions, the
 * object. */
static void
enter_array (Frame *frame)
{
  const AlexnetPickleValue *value = frame->value;

  if (value->kind != ALEXNET_PICKLE_ARRAY || !value->array.shape ||
      value->array.data->kind != ALEXNET_PICKLE_LIST)
    return;
  frame->value = value->array.data;
  if (value->array.shape->n_items == 0 && frame->value->n_items == 1)
    frame->value = frame->value->items[0];
}

/* One that has several names has each of them. */
static gboolean
visit_object (Walk *walk, const Frame *frame, GError **error)
{
  AlexnetModule *module = alexnet_pickle_to_module (frame->value);

  if (!module)
    return TRUE;
  if (!alexnet_model_source_add_module (walk->source, module, error))
    return FALSE;
  module->name = make_name (walk, frame, error);
  return module->name != NULL;
}

/* Takes in a tensor; queues a container that was not yet. */
static gboolean
visit (Walk *walk, Frame frame, GError **error)
{
  enter_array (&frame);
  if (frame.value->kind == ALEXNET_PICKLE_TENSOR ||
      frame.value->kind == ALEXNET_PICKLE_ARRAY)
    return visit_tensor (walk, &frame, error);
  if (frame.value->kind == ALEXNET_PICKLE_OBJECT &&
      !visit_object (walk, &frame, error))
    return FALSE;
  if (!is_container (frame.value) || frame.value->walked)
    return TRUE;
  if (frame.value->kind == ALEXNET_PICKLE_OBJECT &&
      is_foreign_tensor (frame.value))
    return visit_foreign_tensor (walk, &frame, error);
  if (frame.depth > MAX_DEPTH) {
    walk->n_too_deep++;
    return TRUE;
  }
  frame.value->walked = TRUE;
  g_array_append_val (walk->frames, frame);
  return TRUE;
}

/* ---- labels -------------------------------------------------------------- */

/* A list of strings. */
static char **
copy_names (const AlexnetPickleValue *list)
{
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < list->n_items; i++) {
    if (!alexnet_pickle_item_is (list, i, ALEXNET_PICKLE_STRING))
      return NULL;
    g_ptr_array_add (labels, g_strdup (list->items[i]->string));
  }
  g_ptr_array_add (labels, NULL);
  return (char **) g_ptr_array_steal (labels, NULL);
}

/* A dict of strings and indices, each of 0 .. n - 1 once. */
static char **
invert_indices (const AlexnetPickleValue *dict)
{
  guint n = dict->n_items / 2;
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_set_size (labels, (int) n + 1);
  for (guint i = 0; i < n; i++) {
    const AlexnetPickleValue *name = dict->items[2 * i];
    const AlexnetPickleValue *index = dict->items[2 * i + 1];

    if (name->kind != ALEXNET_PICKLE_STRING ||
        index->kind != ALEXNET_PICKLE_INT || index->integer < 0 ||
        index->integer >= (gint64) n || labels->pdata[index->integer])
      return NULL;
    labels->pdata[index->integer] = g_strdup (name->string);
  }
  return (char **) g_ptr_array_steal (labels, NULL);
}

static void
look_for_labels (Walk *walk, const Frame *frame)
{
  const AlexnetPickleValue *value = frame->value;
  char **labels = NULL;
  g_autofree char *name = NULL, *quoted = NULL;

  if (walk->source->labels || !frame->key || value->n_items == 0)
    return;
  if (g_str_equal (frame->key, "classes") &&
      (value->kind == ALEXNET_PICKLE_LIST ||
          value->kind == ALEXNET_PICKLE_TUPLE))
    labels = copy_names (value);
  else if (g_str_equal (frame->key, "class_to_idx") &&
      value->kind == ALEXNET_PICKLE_DICT)
    labels = invert_indices (value);
  if (!labels)
    return;
  walk->source->labels = labels;
  name = make_name (walk, frame, NULL);
  quoted = alexnet_quote (name ? name : frame->key);
  g_ptr_array_add (walk->source->notes,
      g_strdup_printf ("%u labels at %s", g_strv_length (labels), quoted));
}

/* ---- what is in a container ---------------------------------------------- */

static gboolean
is_member_dict (const Frame *frame, const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (member_dicts); i++)
    if (frame->state && g_str_equal (key, member_dicts[i]))
      return TRUE;
  return FALSE;
}

static gboolean
walk_dict (Walk *walk, const Frame *frame, Frame child, GError **error)
{
  const AlexnetPickleValue *dict = frame->value;

  for (guint i = 0; i + 1 < dict->n_items; i += 2) {
    const AlexnetPickleValue *key = dict->items[i];

    child.value = dict->items[i + 1];
    child.key = NULL;
    child.index = key->kind == ALEXNET_PICKLE_INT ? key->integer : i / 2;
    if (key->kind == ALEXNET_PICKLE_STRING)
      child.key = is_member_dict (frame, key->string) ? "" : key->string;
    look_for_labels (walk, &child);
    if (!visit (walk, child, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_named (const AlexnetPickleValue *item)
{
  return (item->kind == ALEXNET_PICKLE_TUPLE ||
             item->kind == ALEXNET_PICKLE_LIST) &&
      item->n_items == 2 &&
      alexnet_pickle_item_is (item, 0, ALEXNET_PICKLE_STRING);
}

static gboolean
walk_items (Walk *walk, const Frame *frame, Frame child, GError **error)
{
  const AlexnetPickleValue *list = frame->value;

  for (guint i = 0; i < list->n_items; i++) {
    AlexnetPickleValue *item = list->items[i];
    gboolean named = is_named (item);

    child.value = named ? item->items[1] : item;
    child.key = named ? item->items[0]->string : NULL;
    child.index = i;
    if (!visit (walk, child, error))
      return FALSE;
  }
  return TRUE;
}

/* State with slots is a pair of dicts, or None. */
static gboolean
walk_state (Walk *walk, const AlexnetPickleValue *state, Frame child,
    GError **error)
{
  gboolean slots = state->kind == ALEXNET_PICKLE_TUPLE && state->n_items == 2 &&
      state->items[0]->kind != ALEXNET_PICKLE_STRING;

  child.state = TRUE;
  child.key = "";
  for (guint i = 0; slots && i < state->n_items; i++) {
    child.value = state->items[i];
    if (!visit (walk, child, error))
      return FALSE;
  }
  child.value = (AlexnetPickleValue *) state;
  return slots || visit (walk, child, error);
}

static gboolean
walk_object (Walk *walk, const Frame *frame, Frame child, GError **error)
{
  const AlexnetPickleValue *object = frame->value;
  AlexnetPickleValue *parts[] = { object->object.dict, object->object.args };

  if (object->object.state &&
      !walk_state (walk, object->object.state, child, error))
    return FALSE;
  child.key = "";
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    child.value = parts[i];
    if (parts[i] && !visit (walk, child, error))
      return FALSE;
  }
  return walk_items (walk, frame, child, error);
}

static gboolean
walk_frame (Walk *walk, guint at, GError **error)
{
  const Frame frame = g_array_index (walk->frames, Frame, at);
  const Frame child = { .parent = at, .depth = frame.depth + 1 };

  switch (frame.value->kind) {
    case ALEXNET_PICKLE_DICT:
      return walk_dict (walk, &frame, child, error);
    case ALEXNET_PICKLE_OBJECT:
      return walk_object (walk, &frame, child, error);
    default:
      return walk_items (walk, &frame, child, error);
  }
}

gboolean
alexnet_pickle_walk (AlexnetModelSource *source, AlexnetPickle *pickle,
    AlexnetPickleValue *root, const AlexnetStorages *storages, GError **error)
{
  g_autoptr (GArray) frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  Walk walk = { source, pickle, storages, frames, 0 };
  gboolean done = visit (&walk, (Frame){ .value = root, .key = "" }, error);

  for (guint i = 0; done && i < frames->len; i++)
    done = walk_frame (&walk, i, error);
  if (walk.n_too_deep > 0)
    g_ptr_array_add (source->notes,
        g_strdup_printf ("passed over what nests deeper than %d levels, in %u "
                         "places",
            MAX_DEPTH, walk.n_too_deep));
  g_ptr_array_extend_and_steal (source->arena,
      g_steal_pointer (&pickle->blocks));
  return done;
}
