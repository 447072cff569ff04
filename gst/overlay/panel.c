/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "panel.h"

#include <math.h>
#include <pango/pangocairo.h>

/* Lengths in units of the font size. */
#define PADDING 0.65
#define ROW_GAP 0.45
#define BAR_GAP 0.12
#define BAR_HEIGHT 0.26
#define LABEL_GAP 1.2 /* to the percentage */
#define MIN_ROW_WIDTH 8.5
#define MIN_ROOM 4.0 /* a row of less width is not worth it */
#define CORNER 0.45

/* Dark enough to be read on white, light enough at its edge to be seen on
 * black. */
static const double background[] = { 0.05, 0.06, 0.08, 0.80 };
static const double edge[] = { 1, 1, 1, 0.16 };
static const double text[] = { 1, 1, 1, 1 };
static const double dim_text[] = { 1, 1, 1, 0.82 };
static const double track[] = { 1, 1, 1, 0.20 };
static const double bar[] = { 1, 1, 1, 0.62 };
static const double best_bar[] = { 0.24, 0.84, 0.98, 1 };
static const double settled[] = { 0.45, 0.90, 1, 1 };
static const double pending[] = { 1, 0.76, 0.22, 1 };
static const double halo[] = { 0, 0, 0, 0.65 };

typedef struct {
  PangoLayout *label, *note; /* a class and its percentage, or a state and since
                                when it is */
  int label_width, note_width;
} Row;

typedef struct {
  const GstAlexnetReadRegion *region;
  double size;       /* of the font */
  double row_height; /* of text and bar */
  double text_height;
  double width; /* of a row; all in units of a pixel's height */
  double pixel_aspect;
  guint n_rows;
  Row *rows;
} Panel;

static gboolean
has_state (const GstAlexnetReadRegion *region)
{
  return region->state || region->candidate;
}

/* A state stands above the classes. */
static gboolean
is_state_row (const GstAlexnetReadRegion *region, guint i)
{
  return i == 0 && has_state (region);
}

static guint
count_rows (const GstAlexnetReadRegion *region, guint n_classes)
{
  return MIN (n_classes, region->classes->len) + has_state (region);
}

static const GstAlexnetReadClass *
get_class (const GstAlexnetReadRegion *region, guint i)
{
  return &g_array_index (region->classes, GstAlexnetReadClass,
      i - has_state (region));
}

static guint
get_percentage (const GstAlexnetReadRegion *region, guint i)
{
  float confidence = get_class (region, i)->confidence;

  /* Not finite is neither. */
  return confidence > 0 ? lroundf (100 * MIN (confidence, 1)) : 0;
}

static char *
make_state_label (const GstAlexnetReadRegion *region)
{
  if (!region->candidate)
    return g_strdup (region->state);
  return g_strdup_printf ("%s%s\xe2\x86\x92 %s",
      region->state ? region->state : "", region->state ? " " : "",
      region->candidate);
}

/* A region's name stands before its state or best class. To be freed. */
static char *
make_label (const GstAlexnetReadRegion *region, guint i)
{
  g_autofree char *label = is_state_row (region, i)
      ? make_state_label (region)
      : g_strdup (get_class (region, i)->label);

  if (i == 0 && region->region_name)
    return g_strdup_printf ("%s: %s", region->region_name, label);
  return g_steal_pointer (&label);
}

static char *
make_since (GstClockTime since)
{
  guint64 seconds = since / GST_SECOND;
  guint64 hours = seconds / 3600;

  if (!GST_CLOCK_TIME_IS_VALID (since))
    return g_strdup ("");
  return g_strdup_printf ("since %" G_GUINT64_FORMAT ":%02u:%02u", hours,
      (guint) (seconds / 60 % 60), (guint) (seconds % 60));
}

/* To be freed. */
static char *
make_note (const GstAlexnetReadRegion *region, guint i)
{
  if (is_state_row (region, i))
    return make_since (region->since);
  if (get_percentage (region, i) == 0)
    return g_strdup ("<1%");
  return g_strdup_printf ("%u%%", get_percentage (region, i));
}

PangoContext *
gst_alexnet_panel_context_new (void)
{
  PangoFontMap *map = pango_cairo_font_map_new ();
  PangoContext *context = pango_font_map_create_context (map);
  cairo_font_options_t *options = cairo_font_options_create ();

  cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_metrics (options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options (context, options);
  cairo_font_options_destroy (options);
  g_object_unref (map);
  return context;
}

char *
gst_alexnet_panel_describe (const GstAlexnetReadRegion *region, guint n_classes,
    const GstAlexnetPanelStyle *style)
{
  GString *key = g_string_new (NULL);

  g_string_append_printf (key, "%g %g %u %u %d %d %d", style->font_size,
      style->pixel_aspect, style->width, style->height, region->stale,
      has_state (region), region->candidate != NULL);
  for (guint i = 0; i < count_rows (region, n_classes); i++) {
    g_autofree char *label = make_label (region, i);
    g_autofree char *note = make_note (region, i);

    g_string_append_printf (key, "\n%s %s", note, label);
  }
  return g_string_free (key, FALSE);
}

static PangoLayout *
make_layout (PangoContext *context, const char *string, double size,
    PangoWeight weight, int *width)
{
  PangoLayout *layout = pango_layout_new (context);
  PangoFontDescription *font = pango_font_description_new ();

  pango_font_description_set_family_static (font, "sans-serif");
  pango_font_description_set_weight (font, weight);
  pango_font_description_set_absolute_size (font, size * PANGO_SCALE);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_text (layout, string, -1);
  pango_layout_get_pixel_size (layout, width, NULL);
  return layout;
}

static void
init_row (Row *row, PangoContext *context, const Panel *panel, guint i)
{
  PangoWeight weight = i == 0 ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL;
  g_autofree char *label = make_label (panel->region, i);
  g_autofree char *note = make_note (panel->region, i);

  row->label = make_layout (context, label, panel->size, weight,
      &row->label_width);
  row->note = make_layout (context, note, panel->size, weight,
      &row->note_width);
}

/* Up to the next even number. */
static guint
round_up (double length)
{
  return 2 * (guint) ceil (length / 2);
}

static double
get_height (const Panel *panel)
{
  return panel->n_rows * (panel->row_height + ROW_GAP * panel->size) +
      (2 * PADDING - ROW_GAP) * panel->size;
}

/* Rows are dropped until they fit. */
static void
lay_out (Panel *panel, PangoContext *context, const GstAlexnetPanelStyle *style)
{
  double room = style->width * style->pixel_aspect - 2 * PADDING * panel->size;
  PangoLayout *sample = make_layout (context, "Ag", panel->size,
      PANGO_WEIGHT_BOLD, NULL);
  int text_height;

  pango_layout_get_pixel_size (sample, NULL, &text_height);
  g_object_unref (sample);
  panel->text_height = text_height;
  panel->row_height = text_height + (BAR_GAP + BAR_HEIGHT) * panel->size;
  while (panel->n_rows > 0 && get_height (panel) > style->height)
    panel->n_rows--;
  if (room < MIN_ROOM * panel->size)
    panel->n_rows = 0;

  panel->rows = g_new (Row, panel->n_rows);
  panel->width = MIN_ROW_WIDTH * panel->size;
  for (guint i = 0; i < panel->n_rows; i++) {
    Row *row = &panel->rows[i];

    init_row (row, context, panel, i);
    panel->width = MAX (panel->width,
        row->label_width + LABEL_GAP * panel->size + row->note_width);
  }
  panel->width = MIN (panel->width, room);
}

static void
set_colour (cairo_t *cairo, const double *colour)
{
  cairo_set_source_rgba (cairo, colour[0], colour[1], colour[2], colour[3]);
}

static void
add_round_rectangle (cairo_t *cairo, double x, double y, double width,
    double height, double radius)
{
  radius = MIN (radius, MIN (width, height) / 2);
  cairo_new_sub_path (cairo);
  cairo_arc (cairo, x + width - radius, y + radius, radius, -G_PI_2, 0);
  cairo_arc (cairo, x + width - radius, y + height - radius, radius, 0, G_PI_2);
  cairo_arc (cairo, x + radius, y + height - radius, radius, G_PI_2, G_PI);
  cairo_arc (cairo, x + radius, y + radius, radius, G_PI, 3 * G_PI_2);
  cairo_close_path (cairo);
}

static void
draw_background (cairo_t *cairo, double width, double height, double size)
{
  add_round_rectangle (cairo, 0, 0, width, height, CORNER * size);
  set_colour (cairo, background);
  cairo_fill (cairo);
  add_round_rectangle (cairo, 0.5, 0.5, width - 1, height - 1, CORNER * size);
  set_colour (cairo, edge);
  cairo_set_line_width (cairo, 1);
  cairo_stroke (cairo);
}

static void
draw_bar (cairo_t *cairo, const Panel *panel, guint i, double y)
{
  guint first = has_state (panel->region);
  gboolean is_best = i == first && !panel->region->stale;
  double height = BAR_HEIGHT * panel->size;
  double width = panel->width * get_percentage (panel->region, i) / 100;

  add_round_rectangle (cairo, 0, y, panel->width, height, height / 2);
  set_colour (cairo, track);
  cairo_fill_preserve (cairo);
  /* A short bar is the round end of a long one. */
  cairo_save (cairo);
  cairo_clip (cairo);
  add_round_rectangle (cairo, MIN (width - height, 0), y, MAX (width, height),
      height, height / 2);
  set_colour (cairo, is_best ? best_bar : bar);
  cairo_fill (cairo);
  cairo_restore (cairo);
}

static const double *
get_text_colour (const GstAlexnetReadRegion *region, guint i)
{
  if (!is_state_row (region, i))
    return i == 0 ? text : dim_text;
  return region->candidate ? pending : settled;
}

static void
draw_row (cairo_t *cairo, const Panel *panel, guint i)
{
  const Row *row = &panel->rows[i];
  double y = i * (panel->row_height + ROW_GAP * panel->size);
  double room = panel->width - LABEL_GAP * panel->size - row->note_width;

  set_colour (cairo, get_text_colour (panel->region, i));
  cairo_move_to (cairo, 0, y);
  pango_layout_set_width (row->label, MAX (room, 0) * PANGO_SCALE);
  pango_cairo_show_layout (cairo, row->label);
  cairo_move_to (cairo, panel->width - row->note_width, y);
  pango_cairo_show_layout (cairo, row->note);
  if (!is_state_row (panel->region, i))
    draw_bar (cairo, panel, i, y + panel->text_height + BAR_GAP * panel->size);
}

typedef void (*Draw) (cairo_t *cairo, gconstpointer what);

static GstBuffer *
draw_picture (guint width, guint height, Draw draw, gconstpointer what)
{
  gsize stride = 4 * width;
  guint8 *pixels = g_malloc0_n (height, stride);
  cairo_surface_t *surface = cairo_image_surface_create_for_data (pixels,
      CAIRO_FORMAT_ARGB32, width, height, stride);
  cairo_t *cairo = cairo_create (surface);
  GstBuffer *buffer;

  draw (cairo, what);
  cairo_destroy (cairo);
  cairo_surface_destroy (surface);
  buffer = gst_buffer_new_wrapped (pixels, height * stride);
  gst_buffer_add_video_meta (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, width, height);
  return buffer;
}

static void
draw_panel (cairo_t *cairo, gconstpointer what)
{
  const Panel *panel = what;
  double padding = PADDING * panel->size;

  cairo_scale (cairo, 1 / panel->pixel_aspect, 1);
  draw_background (cairo, panel->width + 2 * padding,
      round_up (get_height (panel)), panel->size);
  cairo_translate (cairo, padding, padding);
  for (guint i = 0; i < panel->n_rows; i++)
    draw_row (cairo, panel, i);
}

static void
clear_panel (Panel *panel)
{
  for (guint i = 0; i < panel->n_rows; i++) {
    g_object_unref (panel->rows[i].label);
    g_object_unref (panel->rows[i].note);
  }
  g_free (panel->rows);
}

GstBuffer *
gst_alexnet_panel_draw (PangoContext *context,
    const GstAlexnetReadRegion *region, guint n_classes,
    const GstAlexnetPanelStyle *style)
{
  Panel panel = {
    .region = region,
    .size = style->font_size,
    .pixel_aspect = style->pixel_aspect,
    .n_rows = count_rows (region, n_classes),
  };
  double padding = 2 * PADDING * panel.size;
  GstBuffer *picture = NULL;
  guint width;

  lay_out (&panel, context, style);
  if (panel.n_rows > 0) {
    width = round_up ((panel.width + padding) / panel.pixel_aspect);
    width = MIN (width, style->width & ~1u);
    panel.width = width * panel.pixel_aspect - padding;
    picture = draw_picture (width, round_up (get_height (&panel)), draw_panel,
        &panel);
  }
  clear_panel (&panel);
  return picture;
}

typedef struct {
  guint width, height, line;
  const GstVideoRectangle *part;
} Outline;

/* A line that is seen on any picture: coloured, between two dark ones. */
static void
draw_outline (cairo_t *cairo, gconstpointer what)
{
  const Outline *outline = what;
  double line = outline->line;

  cairo_translate (cairo, -outline->part->x, -outline->part->y);
  cairo_rectangle (cairo, line / 2, line / 2, outline->width - line,
      outline->height - line);
  set_colour (cairo, halo);
  cairo_set_line_width (cairo, line);
  cairo_stroke_preserve (cairo);
  set_colour (cairo, best_bar);
  cairo_set_line_width (cairo, line / 2);
  cairo_stroke (cairo);
}

GstBuffer *
gst_alexnet_panel_draw_outline (guint box_width, guint box_height, guint line,
    const GstVideoRectangle *part)
{
  const Outline outline = { box_width, box_height, line, part };

  return draw_picture (part->w, part->h, draw_outline, &outline);
}
