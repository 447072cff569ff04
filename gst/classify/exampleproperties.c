/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "propertytables.h"

static const GFlagsValue whens[] = {
  { GST_ALEXNET_SAVE_UNCERTAIN,
      "When the best class has less than save-threshold", "uncertain" },
  { GST_ALEXNET_SAVE_CHANGE, "When class or state have changed", "change" },
  { GST_ALEXNET_SAVE_FIRST, "When it is classified for the first time",
      "first" },
  { 0, NULL, NULL },
};

static const GEnumValue pictures[] = {
  { GST_ALEXNET_PICTURE_JPEG, "JPEG", "jpeg" },
  { GST_ALEXNET_PICTURE_PNG, "PNG, without loss", "png" },
  { 0, NULL, NULL },
};

const GstAlexnetProperty gst_alexnet_example_properties[] = {
  /**
   * GstAlexnetClassify:save-directory:
   *
   * Where examples to learn from go; it is made if there is none. Each is a
   * picture of what was classified, the whole frame or a region, in its own
   * pixels, and a line in `examples.jsonl` there, which is that of
   * classificationjson with the picture's name in front, as `file`.
   * #GstAlexnetClassify:save-when and #GstAlexnetClassify:save-interval choose.
   *
   * Pictures are encoded and written in a thread of their own. What comes while
   * that has sixteen to do is left out: `examples`, `examples-dropped` and
   * `examples-failed` in #GstAlexnetClassify:stats count. A directory that
   * cannot be written, one that another element has and a missing encoder are
   * errors in PAUSED; what fails later is one warning, and the video goes on.
   * On frames in GPU memory it has no effect, and a warning says so.
   */
  { GST_ALEXNET_PROP_SAVE_DIRECTORY, STRING, "save-directory", "Save directory",
      "Directory for pictures of what was classified, to learn from; NULL = "
      "none are saved",
      READY },

  /**
   * GstAlexnetClassify:save-when:
   *
   * What makes a result an example. `change`: the best class of the frame, of a
   * region with a name or of a tracked object is another one than the last
   * time; where states are kept (#GstAlexnetClassify:confirm-count), the state
   * is. `first`: such a one is classified for the first time since start,
   * flush or, of objects, a gap. Detections without a tracker are neither.
   */
  { GST_ALEXNET_PROP_SAVE_WHEN, FLAGS, "save-when", "Save when",
      "Which results become examples", PLAYING,
      .value = GST_ALEXNET_SAVE_UNCERTAIN | GST_ALEXNET_SAVE_CHANGE,
      .type = "GstAlexnetSaveWhen", .choices = whens },

  /**
   * GstAlexnetClassify:save-threshold:
   *
   * For `save-when=uncertain`. A result of which
   * #GstAlexnetClassify:threshold leaves nothing is uncertain as well.
   */
  { GST_ALEXNET_PROP_SAVE_THRESHOLD, FLOAT, "save-threshold", "Save threshold",
      "Probability of the best class below which a result is uncertain",
      PLAYING, 0, 1, 0.5 },

  /**
   * GstAlexnetClassify:save-interval:
   *
   * One result in so many is saved, beside those of
   * #GstAlexnetClassify:save-when, whatever it is; each region of a frame
   * counts.
   */
  { GST_ALEXNET_PROP_SAVE_INTERVAL, UINT, "save-interval", "Save interval",
      "Save one result in so many, whatever it is (0 = off)", PLAYING, 0,
      G_MAXUINT, 0 },

  /**
   * GstAlexnetClassify:save-format:
   *
   * What pictures are encoded as.
   */
  { GST_ALEXNET_PROP_SAVE_FORMAT, ENUM, "save-format", "Save format",
      "What pictures are encoded as", READY, .value = GST_ALEXNET_PICTURE_JPEG,
      .type = "GstAlexnetPicture", .choices = pictures },

  /**
   * GstAlexnetClassify:save-limit-count:
   *
   * When there are so many examples, those of earlier runs among them, the
   * oldest one goes for each new one.
   */
  { GST_ALEXNET_PROP_SAVE_LIMIT_COUNT, UINT, "save-limit-count",
      "Save limit, count",
      "Most examples in save-directory, the newest ones (0 = no limit)", READY,
      0, G_MAXUINT, 1000 },

  /**
   * GstAlexnetClassify:save-limit-bytes:
   *
   * As #GstAlexnetClassify:save-limit-count, for the size of the pictures.
   */
  { GST_ALEXNET_PROP_SAVE_LIMIT_BYTES, UINT64, "save-limit-bytes",
      "Save limit, bytes",
      "Most bytes of pictures in save-directory, the newest ones (0 = no "
      "limit)",
      READY, 0, G_MAXINT64, 1 << 30 },

  { 0 },
};
