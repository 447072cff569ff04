/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "absent-devices.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <errno.h>
#include <unistd.h>

#include "data-path.h"

/* Set in the second process: the folder to remove in the end. */
#define STUB_VARIABLE "ALEXNET_TEST_STUB_DIR"

static char *
read_data (const char *name)
{
  g_autofree char *path = data_path (name);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static JsonNode *
read_devices (void)
{
  g_autofree char *json = read_data ("devices.json");
  g_autoptr (GError) error = NULL;
  JsonNode *devices = json_from_string (json, &error);

  g_assert_no_error (error);
  return devices;
}

static void
set_member (JsonObject *object, const char *name, JsonNode *value,
    gpointer profile)
{
  json_object_set_member (profile, name, json_node_copy (value));
}

/* What all have in common, and what is the device's own. */
static JsonNode *
make_profile (const char *id)
{
  g_autoptr (JsonNode) devices = read_devices ();
  JsonObject *object = json_node_get_object (devices);
  JsonObject *profile = json_object_new ();
  JsonNode *node = json_node_init_object (json_node_alloc (), profile);

  json_object_foreach_member (json_object_get_object_member (object, "all"),
      set_member, profile);
  json_object_foreach_member (json_object_get_object_member (object, id),
      set_member, profile);
  json_object_unref (profile);
  return node;
}

void
absent_device_open (AbsentDevice *device, const char *id)
{
  g_autoptr (JsonNode) profile = make_profile (id);
  g_autofree char *json = json_to_string (profile, FALSE);
  g_autoptr (GError) error = NULL;
  JsonObject *object = json_node_get_object (profile);

  device->name = g_strdup (json_object_get_string_member (object,
      "deviceName"));
  device->capability = (guint) json_object_get_int_member (object,
                           "deviceVer") /
      10;
  alexnet_cudnn_open_for (&device->cudnn, json, &error);
  g_assert_no_error (error);
}

void
absent_device_close (AbsentDevice *device)
{
  g_autoptr (GError) error = NULL;

  alexnet_cudnn_close (&device->cudnn, &error);
  g_assert_no_error (error);
  g_free (device->name);
}

static void
add_name (JsonObject *object, const char *name, JsonNode *value, gpointer list)
{
  if (!g_str_equal (name, "all"))
    *(GList **) list = g_list_append (*(GList **) list, g_strdup (name));
}

GList *
absent_devices_list (void)
{
  g_autoptr (JsonNode) devices = read_devices ();
  GList *names = NULL;

  json_object_foreach_member (json_node_get_object (devices), add_name, &names);
  return names;
}

char *
absent_devices_get_version (void)
{
  gsize version = cudnnGetVersion ();

  return g_strdup_printf ("%zu.%zu.%zu", version / 10000, version / 100 % 100,
      version % 100);
}

char *
absent_devices_find_field (const char *table, const char *id, guint i)
{
  g_autofree char *version = absent_devices_get_version ();
  g_autofree char *text = read_data (table);
  g_autofree char *pattern = g_strdup_printf ("^%s +%s +(?:\\S+ +){%u}(\\S+)",
      version, id, i);
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  return g_regex_match (regex, text, 0, &match) ? g_match_info_fetch (match, 1)
                                                : NULL;
}

void
absent_devices_check_field (const char *table, const char *id, guint i,
    const char *found)
{
  g_autofree char *recorded = absent_devices_find_field (table, id, i);
  g_autofree char *version = absent_devices_get_version ();

  if (recorded)
    g_assert_cmpstr (found, ==, recorded);
  else
    g_test_message ("%s has nothing of cuDNN %s for %s", table, version, id);
}

static void
test_skipped (gconstpointer reason)
{
  g_test_skip (reason);
}

static const char *
get_skip_reason (void)
{
  if (cudnnGetVersion () < 90800)
    return "cuDNN is older than 9.8: it plans for devices that are there only";
  if (!g_file_test (CUDA_STUB, G_FILE_TEST_EXISTS))
    return "the toolkit has no stub of libcuda.so";
  return NULL;
}

static void
start_again (char **argv)
{
  g_autofree char *directory = g_dir_make_tmp ("alexnet-stub-XXXXXX", NULL);
  g_autofree char *link = NULL, *path = NULL;
  const char *before = g_getenv ("LD_LIBRARY_PATH");

  g_assert_nonnull (directory);
  link = g_build_filename (directory, "libcuda.so.1", NULL);
  g_assert_cmpint (symlink (CUDA_STUB, link), ==, 0);
  path = g_strjoin (before ? ":" : "", directory, before ? before : "", NULL);
  g_setenv ("LD_LIBRARY_PATH", path, TRUE);
  g_setenv (STUB_VARIABLE, directory, TRUE);
  execv ("/proc/self/exe", argv);
  g_error ("cannot start again: %s", g_strerror (errno));
}

static void
remove_stub (void)
{
  const char *directory = g_getenv (STUB_VARIABLE);
  g_autofree char *link = g_build_filename (directory, "libcuda.so.1", NULL);

  g_unlink (link);
  g_rmdir (directory);
}

int
absent_devices_main (int argc, char **argv, const char *path,
    void (*add_tests) (void), void (*print_results) (void))
{
  const char *reason = get_skip_reason ();
  int status;

  if (!reason && !g_getenv (STUB_VARIABLE))
    start_again (argv);
  g_test_init (&argc, &argv, NULL);
  if (reason) {
    g_test_add_data_func (path, reason, test_skipped);
    return g_test_run ();
  }
  add_tests ();
  status = g_test_run ();
  print_results ();
  remove_stub ();
  return status;
}
