/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The labelled sample, photograph by photograph, through a real pipeline:
 * files, decoder, element, metadata. The best class must be PyTorch's. */

#include "support/pipeline.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#define N_PHOTOS 500
#define TILE 32
#define COLUMNS 25

typedef struct {
  int found[N_PHOTOS];
  int truth[N_PHOTOS], pytorch[N_PHOTOS];
  guint n, n_found;
} Sample;

static void
read_classes (JsonObject *object, const char *member, int *classes)
{
  JsonArray *array = json_object_get_array_member (object, member);

  fail_unless_equals_int (json_array_get_length (array), N_PHOTOS);
  for (guint i = 0; i < N_PHOTOS; i++)
    classes[i] = json_array_get_int_element (array, i);
}

static void
read_sample (Sample *sample)
{
  char *path = test_data_path ("cifar10-test-500.json");
  JsonParser *parser = json_parser_new ();
  JsonObject *object;

  fail_unless (json_parser_load_from_file (parser, path, NULL), "%s", path);
  object = json_node_get_object (json_parser_get_root (parser));
  read_classes (object, "truth", sample->truth);
  read_classes (object, "pytorch_top1", sample->pytorch);
  g_object_unref (parser);
  g_free (path);
}

static char *
photo_path (const char *dir, guint i)
{
  return g_strdup_printf ("%s/%03u.png", dir, i);
}

/* Cuts the sheet into one file a photograph. */
static char *
write_photos (guint n)
{
  char *dir = g_dir_make_tmp ("alexnet-XXXXXX", NULL);
  char *sheet_path = test_data_path ("cifar10-test-500.png");
  GdkPixbuf *sheet = gdk_pixbuf_new_from_file (sheet_path, NULL);

  fail_unless (dir && sheet);
  for (guint i = 0; i < n; i++) {
    GdkPixbuf *photo = gdk_pixbuf_new_subpixbuf (sheet, i % COLUMNS * TILE,
        i / COLUMNS * TILE, TILE, TILE);
    char *path = photo_path (dir, i);

    fail_unless (gdk_pixbuf_save (photo, path, "png", NULL, NULL));
    g_object_unref (photo);
    g_free (path);
  }
  g_object_unref (sheet);
  g_free (sheet_path);
  return dir;
}

static void
remove_photos (char *dir, guint n)
{
  for (guint i = 0; i < n; i++) {
    char *path = photo_path (dir, i);

    g_remove (path);
    g_free (path);
  }
  g_rmdir (dir);
  g_free (dir);
}

static GstPadProbeReturn
keep_result (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  const GstStructure
      *result = test_get_result (GST_PAD_PROBE_INFO_BUFFER (info));
  Sample *sample = user_data;

  fail_unless (result && sample->n_found < sample->n);
  sample->found[sample->n_found++] = test_best_class (result);
  return GST_PAD_PROBE_OK;
}

static void
run_pipeline (const char *dir, const char *precision, Sample *sample)
{
  char *line = g_strdup_printf ("multifilesrc location=%s/%%03d.png "
                                "caps=image/png,framerate=30/1 ! pngdec ! "
                                "alexnetclassify name=c "
                                "precision=%s ! fakesink name=sink",
      dir, precision);
  Pipeline *p = test_pipeline_new (line);

  test_pipeline_add_probe (p, keep_result, sample);
  test_pipeline_run (p);
  fail_unless_equals_int (sample->n_found, sample->n);
  test_pipeline_free (p);
  g_free (line);
}

static void
compare (const char *precision)
{
  guint n = test_is_slow () ? 50 : N_PHOTOS;
  Sample sample = { .n = n };
  char *dir = write_photos (n);
  guint same = 0, right = 0, pytorch_right = 0;

  read_sample (&sample);
  run_pipeline (dir, precision, &sample);
  remove_photos (dir, n);
  for (guint i = 0; i < n; i++) {
    same += sample.found[i] == sample.pytorch[i];
    right += sample.found[i] == sample.truth[i];
    pytorch_right += sample.pytorch[i] == sample.truth[i];
  }
  g_print ("precision %s: %.1f %% of %u photographs right, PyTorch %.1f %%; "
           "the same class on %.1f %%\n",
      precision, right * 100.0 / n, n, pytorch_right * 100.0 / n,
      same * 100.0 / n);
  fail_unless (same * 100 >= 99 * n, "%u of %u the same", same, n);
}

GST_START_TEST (test_fp32)
{
  compare ("fp32");
}
GST_END_TEST

GST_START_TEST (test_auto)
{
  compare ("auto");
}
GST_END_TEST

static Suite *
accuracy_suite (void)
{
  Suite *suite = suite_create ("accuracy");
  TCase *tests = test_case_new ("accuracy");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_fp32);
  tcase_add_test (tests, test_auto);
  return suite;
}

GST_CHECK_MAIN (accuracy)
