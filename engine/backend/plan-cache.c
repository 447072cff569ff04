/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan-cache.h"

#include <json-glib/json-glib.h>

struct _AlexnetPlanCache {
  char *path, *identity;
  GHashTable *plans; /* char * -> char * */
  GHashTable *found; /* of these, what is not in the file yet */
};

static void
add_plan (JsonObject *object, const char *key, JsonNode *value, gpointer cache)
{
  AlexnetPlanCache *self = cache;

  if (JSON_NODE_HOLDS_VALUE (value) && json_node_get_string (value))
    g_hash_table_replace (self->plans, g_strdup (key),
        json_node_dup_string (value));
}

static void
read_plans (AlexnetPlanCache *cache, JsonNode *root)
{
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root)
      ? json_node_get_object (root)
      : NULL;
  JsonNode *identity, *plans;

  if (!object)
    return;
  identity = json_object_get_member (object, "identity");
  plans = json_object_get_member (object, "plans");
  if (identity && JSON_NODE_HOLDS_VALUE (identity) && plans &&
      JSON_NODE_HOLDS_OBJECT (plans) &&
      g_strcmp0 (json_node_get_string (identity), cache->identity) == 0)
    json_object_foreach_member (json_node_get_object (plans), add_plan, cache);
}

static void
read_file (AlexnetPlanCache *cache)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  if (json_parser_load_from_file (parser, cache->path, &error))
    read_plans (cache, json_parser_get_root (parser));
  else
    g_debug ("no plans from before: %s", error->message);
}

static GHashTable *
plans_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

AlexnetPlanCache *
alexnet_plan_cache_open (const char *prefix, const char *identity)
{
  AlexnetPlanCache *cache = g_new0 (AlexnetPlanCache, 1);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256,
      identity, -1);
  g_autofree char *name = g_strdup_printf ("%s-%.16s.json", prefix, sum);

  cache->path = g_build_filename (g_get_user_cache_dir (), "alexnet", name,
      NULL);
  cache->identity = g_strdup (identity);
  cache->plans = plans_new ();
  cache->found = plans_new ();
  read_file (cache);
  return cache;
}

const char *
alexnet_plan_cache_get_path (const AlexnetPlanCache *cache)
{
  return cache->path;
}

const char *
alexnet_plan_cache_get (AlexnetPlanCache *cache, const char *key)
{
  return g_hash_table_lookup (cache->plans, key);
}

void
alexnet_plan_cache_set (AlexnetPlanCache *cache, const char *key,
    const char *value)
{
  g_hash_table_replace (cache->plans, g_strdup (key), g_strdup (value));
  g_hash_table_replace (cache->found, g_strdup (key), g_strdup (value));
}

static char *
to_json (const AlexnetPlanCache *cache)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  GHashTableIter iter;
  gpointer key, value;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "identity");
  json_builder_add_string_value (builder, cache->identity);
  json_builder_set_member_name (builder, "plans");
  json_builder_begin_object (builder);
  g_hash_table_iter_init (&iter, cache->plans);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    json_builder_set_member_name (builder, key);
    json_builder_add_string_value (builder, value);
  }
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, TRUE);
}

static void
keep_plan (gpointer key, gpointer value, gpointer plans)
{
  g_hash_table_replace (plans, g_strdup (key), g_strdup (value));
}

void
alexnet_plan_cache_save (AlexnetPlanCache *cache)
{
  g_autofree char *text = NULL;
  g_autofree char *directory = g_path_get_dirname (cache->path);
  g_autoptr (GError) error = NULL;

  if (g_hash_table_size (cache->found) == 0)
    return;
  read_file (cache);
  g_hash_table_foreach (cache->found, keep_plan, cache->plans);
  g_hash_table_remove_all (cache->found);
  text = to_json (cache);
  g_mkdir_with_parents (directory, 0700);
  if (!g_file_set_contents (cache->path, text, -1, &error))
    g_info ("the plans that were found are not kept: %s", error->message);
}

void
alexnet_plan_cache_close (AlexnetPlanCache *cache)
{
  if (!cache)
    return;
  alexnet_plan_cache_save (cache);
  g_hash_table_unref (cache->plans);
  g_hash_table_unref (cache->found);
  g_free (cache->path);
  g_free (cache->identity);
  g_free (cache);
}
