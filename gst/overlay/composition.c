/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "composition.h"

#include <math.h>

#include "panel.h"

/* Font size where none is asked for: a part of the picture's height, and no
 * less than can be read. */
#define FONT_PART 22.0
#define MIN_FONT_SIZE 9.0

/* Of the font size. */
#define MARGIN 0.7
#define OUTLINE 0.15

#define MIN_OUTLINE 4 /* pixels: two dark, two coloured */

/* A region, and the height that panels on top of it take. */
typedef struct {
  GstVideoRectangle place;
  int used;
} Box;

/* What one frame is composed with. */
typedef struct {
  GstAlexnetCompositor *compositor;
  const GstAlexnetCompositionSettings *settings;
  const GstVideoRectangle *visible;
  double font_size, pixel_aspect;
  guint used;           /* height that panels of the frame take so far */
  GArray *boxes;        /* of Box, that have panels so far */
  GHashTable *pictures; /* that this frame shows, as the compositor's */
  GstVideoOverlayComposition *composition;
} Job;

static GHashTable *
pictures_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      (GDestroyNotify) g_ptr_array_unref);
}

void
gst_alexnet_compositor_init (GstAlexnetCompositor *compositor)
{
  compositor->context = gst_alexnet_panel_context_new ();
  compositor->pictures = pictures_new ();
}

void
gst_alexnet_compositor_clear (GstAlexnetCompositor *compositor)
{
  g_clear_object (&compositor->context);
  g_clear_pointer (&compositor->pictures, g_hash_table_unref);
}

/* Takes `picture`. */
static GstVideoOverlayRectangle *
make_rectangle (GstBuffer *picture)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (picture);
  GstVideoOverlayRectangle *rectangle =
      gst_video_overlay_rectangle_new_raw (picture, 0, 0, meta->width,
          meta->height, GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);

  gst_buffer_unref (picture);
  return rectangle;
}

/* The rectangle at this place: the same where it has not moved, so that what
 * others keep for it, as textures, holds. Takes `rectangle`. */
static GstVideoOverlayRectangle *
move_rectangle (GstVideoOverlayRectangle *rectangle, int x, int y)
{
  GstVideoOverlayRectangle *moved;
  int old_x, old_y;
  guint width, height;

  gst_video_overlay_rectangle_get_render_rectangle (rectangle, &old_x, &old_y,
      &width, &height);
  if (old_x == x && old_y == y)
    return rectangle;
  moved = gst_video_overlay_rectangle_copy (rectangle);
  gst_video_overlay_rectangle_set_render_rectangle (moved, x, y, width, height);
  gst_video_overlay_rectangle_unref (rectangle);
  return moved;
}

/* Takes `key` and `rectangle`. */
static void
show (Job *job, char *key, GstVideoOverlayRectangle *rectangle, int x, int y)
{
  GPtrArray *equal = g_hash_table_lookup (job->pictures, key);

  rectangle = move_rectangle (rectangle, x, y);
  gst_video_overlay_composition_add_rectangle (job->composition, rectangle);
  if (equal) {
    g_free (key);
  } else {
    equal = g_ptr_array_new_with_free_func ((GDestroyNotify)
            gst_video_overlay_rectangle_unref);
    g_hash_table_insert (job->pictures, key, equal);
  }
  g_ptr_array_add (equal, rectangle);
}

/* The one that had the same turn among its equals on the frame before, or else
 * an equal of this frame; NULL when there is neither. */
static GstVideoOverlayRectangle *
find_picture (const Job *job, const char *key)
{
  const GPtrArray *equal = g_hash_table_lookup (job->pictures, key);
  const GPtrArray *before = g_hash_table_lookup (job->compositor->pictures,
      key);
  guint turn = equal ? equal->len : 0;

  if (before && turn < before->len)
    return gst_video_overlay_rectangle_ref (before->pdata[turn]);
  return equal ? gst_video_overlay_rectangle_ref (equal->pdata[0]) : NULL;
}

static int
even (double length)
{
  return 2 * (int) floor (length / 2);
}

static void
show_outline (Job *job, const GstVideoRectangle *box)
{
  int line = MAX (even (OUTLINE * job->font_size), MIN_OUTLINE);
  const GstVideoRectangle parts[] = {
    { 0, 0, box->w, line },
    { 0, box->h - line, box->w, line },
    { 0, line, line, box->h - 2 * line },
    { box->w - line, line, line, box->h - 2 * line },
  };

  if (box->w < 2 * line || box->h <= 2 * line)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    char *key = g_strdup_printf ("outline %d %d %d %u", box->w, box->h, line,
        i);
    GstVideoOverlayRectangle *rectangle = find_picture (job, key);

    if (!rectangle)
      rectangle = make_rectangle (gst_alexnet_panel_draw_outline (box->w,
          box->h, line, &parts[i]));
    show (job, key, rectangle, box->x + parts[i].x, box->y + parts[i].y);
  }
}

/* NULL: there is no room. */
static GstVideoOverlayRectangle *
get_panel (const Job *job, const GstAlexnetReadRegion *region, guint n_classes,
    const GstAlexnetPanelStyle *style, char **key)
{
  GstVideoOverlayRectangle *rectangle;
  GstBuffer *picture;

  *key = gst_alexnet_panel_describe (region, n_classes, style);
  rectangle = find_picture (job, *key);
  if (rectangle)
    return rectangle;
  picture = gst_alexnet_panel_draw (job->compositor->context, region, n_classes,
      style);
  if (picture)
    return make_rectangle (picture);
  g_clear_pointer (key, g_free);
  return NULL;
}

static void
get_size (GstVideoOverlayRectangle *rectangle, int *width, int *height)
{
  int x, y;

  gst_video_overlay_rectangle_get_render_rectangle (rectangle, &x, &y,
      (guint *) width, (guint *) height);
}

/* In a corner of the picture; another one stands below or above. */
static void
show_frame (Job *job, const GstAlexnetReadRegion *region)
{
  const GstVideoRectangle *visible = job->visible;
  GstAlexnetPosition position = job->settings->position;
  int margin = even (MARGIN * job->font_size);
  const GstAlexnetPanelStyle style = { job->font_size, job->pixel_aspect,
    MAX (visible->w - 2 * margin, 0),
    MAX (visible->h - 2 * margin - (int) job->used, 0) };
  char *key;
  GstVideoOverlayRectangle *rectangle = get_panel (job, region,
      job->settings->top_k, &style, &key);
  int x, y, width, height;

  if (!rectangle)
    return;
  get_size (rectangle, &width, &height);
  x = position == GST_ALEXNET_POSITION_TOP_LEFT ||
          position == GST_ALEXNET_POSITION_BOTTOM_LEFT
      ? margin
      : even (visible->w - margin - width);
  y = position == GST_ALEXNET_POSITION_TOP_LEFT ||
          position == GST_ALEXNET_POSITION_TOP_RIGHT
      ? margin + (int) job->used
      : even (visible->h - margin - height - (int) job->used);
  job->used += height + margin;
  show (job, key, rectangle, visible->x + x, visible->y + y);
}

/* The part of a region that is in the picture, on even pixels of it. Empty
 * for what is no place at all. */
static GstVideoRectangle
get_box (const Job *job, const GstAlexnetReadRegion *region)
{
  const GstVideoRectangle *visible = job->visible;
  double left = CLAMP (region->x, 0, 1) * visible->w;
  double top = CLAMP (region->y, 0, 1) * visible->h;
  double right = CLAMP (region->x + region->width, 0, 1) * visible->w;
  double bottom = CLAMP (region->y + region->height, 0, 1) * visible->h;
  GstVideoRectangle box = { 0 };

  if (!(right > left && bottom > top))
    return box;
  box.x = visible->x + even (left);
  box.y = visible->y + even (top);
  box.w = even (right) - even (left);
  box.h = even (bottom) - even (top);
  return box;
}

static Box *
find_box (Job *job, const GstVideoRectangle *place)
{
  const Box new_box = { *place, 0 };

  for (guint i = 0; i < job->boxes->len; i++) {
    Box *box = &g_array_index (job->boxes, Box, i);

    if (memcmp (&box->place, place, sizeof *place) == 0)
      return box;
  }
  g_array_append_val (job->boxes, new_box);
  return &g_array_index (job->boxes, Box, job->boxes->len - 1);
}

/* On top of the region and the panels that it has, or below its upper edge
 * where the picture ends above. */
static int
stack_panel (Job *job, const GstVideoRectangle *place, int height)
{
  const GstVideoRectangle *visible = job->visible;
  Box *box = find_box (job, place);
  int y = place->y - box->used - height;

  if (y < visible->y)
    y = MIN (place->y + box->used, visible->y + even (visible->h - height));
  box->used += height;
  return y;
}

static void
show_region (Job *job, const GstAlexnetReadRegion *region)
{
  const GstVideoRectangle *visible = job->visible;
  const GstAlexnetPanelStyle style = { job->font_size, job->pixel_aspect,
    visible->w, visible->h };
  GstVideoRectangle box = get_box (job, region);
  GstVideoOverlayRectangle *rectangle;
  int x, width, height;
  char *key;

  if (box.w <= 0 || box.h <= 0)
    return;
  if (job->settings->outline)
    show_outline (job, &box);
  rectangle = get_panel (job, region, job->settings->region_top_k, &style,
      &key);
  if (!rectangle)
    return;
  get_size (rectangle, &width, &height);
  x = MIN (box.x, visible->x + even (visible->w - width));
  show (job, key, rectangle, x, stack_panel (job, &box, height));
}

static gboolean
is_whole_frame (const GstAlexnetReadRegion *region)
{
  return region->x <= 0 && region->y <= 0 && region->x + region->width >= 1 &&
      region->y + region->height >= 1;
}

static void
show_reading (Job *job, const GstAlexnetReading *reading)
{
  for (guint i = 0; i < reading->regions->len; i++) {
    const GstAlexnetReadRegion *region = &g_array_index (reading->regions,
        GstAlexnetReadRegion, i);

    if (is_whole_frame (region))
      show_frame (job, region);
    else
      show_region (job, region);
  }
}

/* Metadata of crops may begin at odd pixels; what is laid over does not. */
static GstVideoRectangle
even_rectangle (const GstVideoRectangle *rectangle)
{
  int x = even (rectangle->x + 1), y = even (rectangle->y + 1);

  return (GstVideoRectangle){ x, y, rectangle->w - (x - rectangle->x),
    rectangle->h - (y - rectangle->y) };
}

/* One of zero is unknown: square. */
static double
get_pixel_aspect (const GstVideoInfo *info)
{
  return info->par_n > 0 && info->par_d > 0 ? (double) info->par_n / info->par_d
                                            : 1;
}

GstVideoOverlayComposition *
gst_alexnet_compositor_compose (GstAlexnetCompositor *compositor,
    const GArray *readings, const GstAlexnetCompositionSettings *settings,
    const GstVideoInfo *info, const GstVideoRectangle *visible)
{
  GstVideoRectangle place = even_rectangle (visible);
  Job job = {
    .compositor = compositor,
    .settings = settings,
    .visible = &place,
    .font_size = settings->font_size > 0
        ? settings->font_size
        : MAX (visible->h / FONT_PART, MIN_FONT_SIZE),
    .pixel_aspect = get_pixel_aspect (info),
    .boxes = g_array_new (FALSE, FALSE, sizeof (Box)),
    .pictures = pictures_new (),
    .composition = gst_video_overlay_composition_new (NULL),
  };

  for (guint i = 0; i < readings->len; i++)
    show_reading (&job, &g_array_index (readings, GstAlexnetReading, i));
  g_array_unref (job.boxes);
  g_hash_table_unref (compositor->pictures);
  compositor->pictures = job.pictures;
  if (gst_video_overlay_composition_n_rectangles (job.composition) == 0)
    g_clear_pointer (&job.composition, gst_video_overlay_composition_unref);
  return job.composition;
}
