/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "named.h"

#include <math.h>

#define FORM "expected name:x,y,width,height"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Fractions that add up to 1 may do so with an error of rounding. */
#define ROUNDING 1e-9

/* A number as it is read, without the comma that some locales have in it; lives
 * as long as the block around it. */
#define WRITTEN(format, value)                           \
  g_ascii_formatd ((char[G_ASCII_DTOSTR_BUF_SIZE]){ 0 }, \
      G_ASCII_DTOSTR_BUF_SIZE, format, value)

enum { X, Y, WIDTH, HEIGHT, N_NUMBERS };

typedef struct {
  GQuark name;
  gboolean in_pixels;
  double numbers[N_NUMBERS]; /* 0 or more */
} Named;

GArray *
gst_alexnet_named_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (Named));
}

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_propagate_error (error,
      g_error_new_valist (ALEXNET_ERROR, ALEXNET_ERROR_INVALID, format,
          arguments));
  va_end (arguments);
  return FALSE;
}

static gboolean
has_name (const GArray *named, GQuark name)
{
  for (guint i = 0; i < named->len; i++)
    if (g_array_index (named, Named, i).name == name)
      return TRUE;
  return FALSE;
}

/* Neither sign, exponent nor hexadecimal digits. */
static gboolean
parse_number (const char *text, double *number)
{
  char *end;

  if (*text == '\0' || text[strspn (text, "0123456789.")] != '\0')
    return FALSE;
  *number = g_ascii_strtod (text, &end);
  return *end == '\0';
}

static gboolean
parse_numbers (Named *region, const char *text, GError **error)
{
  g_auto (GStrv) numbers = g_strsplit (text, ",", -1);
  const char *name = g_quark_to_string (region->name);
  guint n = g_strv_length (numbers);

  if (n != N_NUMBERS)
    return refuse (error, "region \"%s\" has %u numbers; " FORM, name, n);
  for (guint i = 0; i < N_NUMBERS; i++)
    if (!parse_number (g_strstrip (numbers[i]), &region->numbers[i]))
      return refuse (error,
          "region \"%s\": \"%s\" is no number; expected fractions as 0.25 or "
          "pixels as 120",
          name, numbers[i]);
  region->in_pixels = !strchr (text, '.');
  return TRUE;
}

/* As far as can be told without a picture. */
static gboolean
check_numbers (const Named *region, GError **error)
{
  const char *name = g_quark_to_string (region->name);
  const double *n = region->numbers;

  if (n[WIDTH] <= 0 || n[HEIGHT] <= 0)
    return refuse (error, "region \"%s\" is %s wide and %s high; expected more",
        name, WRITTEN ("%g", n[WIDTH]), WRITTEN ("%g", n[HEIGHT]));
  if (!region->in_pixels &&
      (n[X] + n[WIDTH] > 1 + ROUNDING || n[Y] + n[HEIGHT] > 1 + ROUNDING))
    return refuse (error,
        "region \"%s\" reaches to %s,%s; expected fractions of the picture, "
        "up to 1",
        name, WRITTEN ("%g", n[X] + n[WIDTH]),
        WRITTEN ("%g", n[Y] + n[HEIGHT]));
  return TRUE;
}

static gboolean
parse_region (GArray *named, const char *text, GError **error)
{
  const char *colon = strchr (text, ':');
  g_autofree char *name = NULL;
  Named region = { 0 };

  if (!colon)
    return refuse (error, "region \"%s\" has no name; " FORM, text);
  name = g_strstrip (g_strndup (text, colon - text));
  if (*name == '\0')
    return refuse (error, "the name of region \"%s\" is empty; " FORM, text);
  region.name = g_quark_from_string (name);
  if (has_name (named, region.name))
    return refuse (error, "region \"%s\" is there twice", name);
  if (!parse_numbers (&region, colon + 1, error) ||
      !check_numbers (&region, error))
    return FALSE;
  g_array_append_val (named, region);
  return TRUE;
}

gboolean
gst_alexnet_named_parse (GArray *named, const char *list, GError **error)
{
  g_auto (GStrv) regions = g_strsplit (list, ";", -1);

  if (!g_utf8_validate (list, -1, NULL))
    return refuse (error, "regions are not UTF-8");
  for (guint i = 0; regions[i]; i++)
    if (*g_strstrip (regions[i]) && !parse_region (named, regions[i], error)) {
      g_prefix_error (error, "regions: ");
      return FALSE;
    }
  return TRUE;
}

static gboolean
parse_lines (GArray *named, const char *path, const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n_before = named->len;

  for (guint i = 0; lines[i]; i++) {
    const char *line = g_strstrip (lines[i]);

    if (*line && *line != '#' && !parse_region (named, line, error)) {
      g_prefix_error (error, "%s, line %u: ", path, i + 1);
      return FALSE;
    }
  }
  if (named->len == n_before)
    return refuse (error, "%s has no region", path);
  return TRUE;
}

/* A FIFO may have nobody who writes, and a device no end. */
static gboolean
read_file (const char *path, char **text, gsize *size, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (g_file_test (path, G_FILE_TEST_EXISTS) &&
      !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    g_set_error (&reason, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s is not a regular file", path);
  else if (g_file_get_contents (path, text, size, &reason))
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
      "regions cannot be read: %s", reason->message);
  return FALSE;
}

gboolean
gst_alexnet_named_load (GArray *named, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  const char *lines;
  gsize size;

  if (!read_file (path, &text, &size, error))
    return FALSE;
  if (!g_utf8_validate (text, size, NULL))
    return refuse (error, "%s is not UTF-8", path);
  lines = text;
  if (g_str_has_prefix (text, BYTE_ORDER_MARK))
    lines += strlen (BYTE_ORDER_MARK);
  return parse_lines (named, path, lines, error);
}

/* Pixels from `from` on, up to G_MAXINT; of fractions the nearest ones. */
static gint64
measure (const Named *region, guint from, guint length, guint side,
    gint64 *start)
{
  double scale = region->in_pixels ? 1 : side;
  double low = region->numbers[from] * scale;
  double high = low + region->numbers[length] * scale;

  *start = lround (MIN (low, G_MAXINT));
  return lround (MIN (high, G_MAXINT)) - *start;
}

static GstAlexnetBox
get_box (const Named *region, guint width, guint height)
{
  GstAlexnetBox box;

  box.width = measure (region, X, WIDTH, width, &box.x);
  box.height = measure (region, Y, HEIGHT, height, &box.y);
  return box;
}

gboolean
gst_alexnet_named_check (const GArray *named, guint width, guint height,
    GError **error)
{
  for (guint i = 0; i < named->len; i++) {
    const Named *region = &g_array_index (named, Named, i);
    const char *name = g_quark_to_string (region->name);
    const double *n = region->numbers;
    GstAlexnetBox box = get_box (region, width, height);

    if (box.x + box.width > width || box.y + box.height > height)
      return refuse (error,
          "region \"%s\" reaches to %.0f,%.0f; expected pixels of frames of "
          "%ux%u",
          name, n[X] + n[WIDTH], n[Y] + n[HEIGHT], width, height);
    if (box.width <= 0 || box.height <= 0)
      return refuse (error,
          "region \"%s\" has no pixel in frames of %ux%u; expected at least "
          "one, which is %s of the width and %s of the height",
          name, width, height, WRITTEN ("%.2g", 1.0 / width),
          WRITTEN ("%.2g", 1.0 / height));
  }
  return TRUE;
}

void
gst_alexnet_named_add_tracks (const GArray *named, GHashTable *tracks)
{
  for (guint i = 0; i < named->len; i++)
    gst_alexnet_tracks_get (tracks, g_array_index (named, Named, i).name);
}

void
gst_alexnet_named_add (const GArray *named, GArray *regions,
    const AlexnetRegion *visible, guint *n_skipped)
{
  static const GstAlexnetRoiFilter any = { NULL, 1, 1 };

  for (guint i = 0; i < named->len; i++) {
    const Named *region = &g_array_index (named, Named, i);
    GstAlexnetBox box = get_box (region, visible->width, visible->height);
    const GstAlexnetRegion added = { .id = -1,
      .name = region->name,
      .type = region->name,
      .origin = GST_ALEXNET_ORIGIN_NAMED };

    box.x += visible->x;
    box.y += visible->y;
    gst_alexnet_regions_add (regions, &added, &box, visible, &any, n_skipped);
  }
}
