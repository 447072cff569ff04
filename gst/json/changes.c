/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "changes.h"

#define MEMORY 300 /* buffers */

typedef struct {
  char *text;
  guint64 seen; /* number of the buffer */
} Said;

static void
said_free (gpointer said)
{
  g_free (((Said *) said)->text);
  g_free (said);
}

void
gst_alexnet_changes_init (GstAlexnetChanges *changes)
{
  changes->when = GST_ALEXNET_WRITE_ALWAYS;
  changes->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      said_free);
  changes->n_buffers = 0;
}

void
gst_alexnet_changes_clear (GstAlexnetChanges *changes)
{
  g_clear_pointer (&changes->known, g_hash_table_unref);
}

void
gst_alexnet_changes_reset (GstAlexnetChanges *changes)
{
  g_hash_table_remove_all (changes->known);
}

static char *
make_key (const GstAlexnetReading *reading, const GstAlexnetReadRegion *region,
    guint place)
{
  const char *model = reading->model ? reading->model : "";

  if (region->region_name)
    return g_strdup_printf ("%s\n%u name %s", model, reading->nth,
        region->region_name);
  if (region->tracking_id != GST_ALEXNET_UNKNOWN)
    return g_strdup_printf ("%s\n%u track %" G_GUINT64_FORMAT, model,
        reading->nth, region->tracking_id);
  return g_strdup_printf ("%s\n%u place %s %u", model, reading->nth,
      region->region, place);
}

static const char *
get_text (const GstAlexnetReadRegion *region, GstAlexnetWriteWhen when)
{
  if (when == GST_ALEXNET_WRITE_ON_STATE)
    return region->state;
  if (region->classes->len == 0)
    return NULL;
  return g_array_index (region->classes, GstAlexnetReadClass, 0).label;
}

static gboolean
is_new (GstAlexnetChanges *changes, const GstAlexnetReading *reading,
    const GstAlexnetReadRegion *region, guint place)
{
  const char *text = get_text (region, changes->when);
  g_autofree char *key = NULL;
  Said *said;
  gboolean same;

  if (!text)
    return FALSE;
  key = make_key (reading, region, place);
  said = g_hash_table_lookup (changes->known, key);
  if (!said) {
    said = g_new0 (Said, 1);
    g_hash_table_insert (changes->known, g_steal_pointer (&key), said);
  }
  same = g_strcmp0 (said->text, text) == 0;
  said->seen = changes->n_buffers;
  if (same)
    return FALSE;
  g_free (said->text);
  said->text = g_strdup (text);
  return TRUE;
}

static gboolean
is_forgotten (gpointer key, gpointer said, gpointer n_buffers)
{
  return *(guint64 *) n_buffers - ((Said *) said)->seen > MEMORY;
}

static void
drop_known (GstAlexnetChanges *changes, const GstAlexnetReading *reading)
{
  GArray *regions = reading->regions;
  guint n_kept = 0;

  for (guint place = 0; regions->len > n_kept; place++) {
    if (is_new (changes, reading,
            &g_array_index (regions, GstAlexnetReadRegion, n_kept), place))
      n_kept++;
    else
      g_array_remove_index (regions, n_kept);
  }
}

void
gst_alexnet_changes_filter (GstAlexnetChanges *changes,
    GstAlexnetWriteWhen when, GArray *readings)
{
  if (when != changes->when)
    gst_alexnet_changes_reset (changes);
  changes->when = when;
  if (when == GST_ALEXNET_WRITE_ALWAYS || readings->len == 0)
    return;
  changes->n_buffers++;
  for (guint i = 0; i < readings->len; i++)
    drop_known (changes, &g_array_index (readings, GstAlexnetReading, i));
  g_hash_table_foreach_remove (changes->known, is_forgotten,
      &changes->n_buffers);
}
