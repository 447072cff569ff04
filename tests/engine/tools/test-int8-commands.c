/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way to int8 as a user goes it: `alexnet-inspect calibrate` on a part of
 * the sample, then `classify` the rest of it with the file that this made. */

#include <string.h>

#include "support/cache-directory.h"
#include "support/demonstration.h"
#include "support/glycin.h"
#include "support/sample.h"

/* Every CALIBRATION-th image. */
#define CALIBRATION 5

/* The files of a test lie where the cache does, and go with it. */
static char *
make_path (const char *name)
{
  return g_build_filename (g_get_user_cache_dir (), name, NULL);
}

static char *
save_image (const Sample *sample, guint i)
{
  g_autofree char *name = g_strdup_printf ("%03u.png", i);
  char *path = make_path (name);
  g_autoptr (GdkPixbuf) image = NULL;
  g_autoptr (GError) error = NULL;
  int x, y;

  sample_find (sample, i, &x, &y);
  image = gdk_pixbuf_new_subpixbuf (sample->sheet, x, y, sample->tile,
      sample->tile);
  gdk_pixbuf_save (image, path, "png", &error, NULL);
  g_assert_no_error (error);
  return path;
}

/* alexnet-inspect with `arguments`, NULL-terminated, and then `images`; what it
 * prints, line by line. */
static char **
inspect (const char *const *arguments, const GPtrArray *images)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *out = NULL, *err = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_ptr_array_add (argv, (char *) g_getenv ("ALEXNET_INSPECT"));
  for (; *arguments; arguments++)
    g_ptr_array_add (argv, (char *) *arguments);
  for (guint i = 0; i < images->len; i++)
    g_ptr_array_add (argv, images->pdata[i]);
  g_ptr_array_add (argv, NULL);
  g_spawn_sync (NULL, (char **) argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL,
      &out, &err, &status, &error);
  g_assert_no_error (error);
  glycin_forget_warning (err);
  g_assert_cmpstr (err, ==, "");
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  return g_strsplit (g_strchomp (out), "\n", -1);
}

static void
calibrate (const char *output, const GPtrArray *images)
{
  g_autofree char *model = demonstration_path ();
  const char *arguments[] = { "calibrate", "-o", output, model, NULL };
  g_autofree char *expected =
      g_strdup_printf ("%s: %s with what precision int8 needs, from %u images",
          output, model, images->len);
  g_auto (GStrv) lines = inspect (arguments, images);

  g_assert_cmpuint (g_strv_length (lines), ==, 1);
  g_assert_cmpstr (lines[0], ==, expected);
}

/* How many of `images`, which are those of the sample that were not calibrated
 * on, are given their true label. */
static guint
count_right (const Sample *sample, const char *model, const char *precision,
    const GPtrArray *images)
{
  const char *arguments[] = { "classify", "-b", "cpu", "-p", precision, "-k",
    "1", "-m", model, NULL };
  g_auto (GStrv) lines = inspect (arguments, images);
  guint right = 0, line = 0;

  g_assert_cmpuint (g_strv_length (lines), ==, images->len);
  for (guint i = 0; i < sample->n; i++) {
    guint class = (guint) json_array_get_int_element (sample->truth, i);
    g_autofree char *end = g_strconcat (" % ",
        json_array_get_string_element (sample->labels, class), NULL);

    if (i % CALIBRATION == 0)
      continue;
    g_assert_true (g_str_has_prefix (lines[line], images->pdata[line]));
    right += g_str_has_suffix (lines[line++], end);
  }
  return right;
}

static void
check_precision (const char *model)
{
  const char *arguments[] = { "check", "-b", "cpu", "-p", "int8", model, NULL };
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_auto (GStrv) lines = inspect (arguments, none);

  g_assert_true (g_strv_contains ((const char *const *) lines,
      "backend: cpu, int8"));
}

/* As many right as in fp32, but for half a percent. */
static void
test_commands (void)
{
  Sample sample;
  g_autoptr (GPtrArray) seen = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) held_out = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *model = make_path ("calibrated.safetensors");
  guint right, right_fp32;

  sample_load (&sample);
  for (guint i = 0; i < sample.n; i++)
    g_ptr_array_add (i % CALIBRATION == 0 ? seen : held_out,
        save_image (&sample, i));
  calibrate (model, seen);
  check_precision (model);
  right = count_right (&sample, model, "int8", held_out);
  right_fp32 = count_right (&sample, model, "fp32", held_out);
  g_test_message ("of %u images %u are right in int8, %u in fp32",
      held_out->len, right, right_fp32);
  g_assert_cmpuint (right_fp32, >, held_out->len / 2);
  g_assert_cmpuint (right + held_out->len / 200, >=, right_fp32);
  sample_clear (&sample);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/int8-commands/sample", test_commands);
  return cache_directory_run ();
}
