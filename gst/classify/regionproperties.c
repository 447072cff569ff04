/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "propertytables.h"

static const GEnumValue inference_regions[] = {
  { GST_ALEXNET_INFERENCE_FULL_FRAME, "The whole frame", "full-frame" },
  { GST_ALEXNET_INFERENCE_ROI_LIST, "The regions that a detector found",
      "roi-list" },
  { GST_ALEXNET_INFERENCE_ROI_LIST_OR_FRAME,
      "The regions or, where there is none, the whole frame",
      "roi-list-or-frame" },
  { 0, NULL, NULL },
};

const GstAlexnetProperty gst_alexnet_region_properties[] = {
  /**
   * GstAlexnetClassify:regions:
   *
   * Places of the picture that are classified as regions of a detector are, in
   * place of the whole frame: `door:0.1,0.2,0.3,0.4;yard:100,50,400,300`, each
   * with its name, then left and top edge, width and height. Where one of the
   * four is written with a decimal point they are fractions, 0..1, of the
   * visible picture; whole numbers are pixels of it. So `all:0.0,0.0,1.0,1.0`
   * is the whole picture and `one:0,0,1,1` a pixel. A name is of any characters
   * but `:` and `;`, without blanks around it.
   *
   * Their results have the field `region-name` and follow each other as the
   * regions do; those of detections, which #GstAlexnetClassify:inference-region
   * asks for beside them, come last. They are smoothed, and repeated where they
   * are. A detection (GstAnalyticsODMtd) or #GstVideoRegionOfInterestMeta that
   * is attached for one has its name as type.
   *
   * An empty name, one that is there twice, what is no number, and a region
   * that is empty or reaches outside of the picture are errors: in READY or,
   * where pixels have to be known, when caps come.
   */
  { GST_ALEXNET_PROP_REGIONS, STRING, "regions", "Regions",
      "Regions classified in place of the whole frame: "
      "name:x,y,width,height;..., fractions as 0.25 or pixels as 120",
      READY },

  /**
   * GstAlexnetClassify:regions-file:
   *
   * More of #GstAlexnetClassify:regions, one a line; lines that are empty or
   * begin with `#` are left out.
   */
  { GST_ALEXNET_PROP_REGIONS_FILE, STRING, "regions-file", "Regions file",
      "File of more regions, one a line; lines that begin with # are comments",
      READY },

  /**
   * GstAlexnetClassify:inference-region:
   *
   * What of a frame is classified. With #GstAlexnetClassify:regions it is these
   * instead of the whole frame, and `roi-list` and `roi-list-or-frame` add
   * detections. Regions are those of GstAnalyticsODMtd
   * (GStreamer 1.24 or newer) or, on frames without, of
   * #GstVideoRegionOfInterestMeta that elements upstream attached; they are
   * cut out of the frame as it is and computed together.
   */
  { GST_ALEXNET_PROP_INFERENCE_REGION, ENUM, "inference-region",
      "Inference region", "What of a frame is classified", PLAYING,
      .value = GST_ALEXNET_INFERENCE_FULL_FRAME,
      .type = "GstAlexnetInferenceRegion", .choices = inference_regions },

  /**
   * GstAlexnetClassify:roi-classes:
   *
   * Classes of the detector, e.g. `roi-classes="dog,cat"`; regions of others
   * are left alone. A comma in a class is written `\,` and a backslash `\\`.
   */
  { GST_ALEXNET_PROP_ROI_CLASSES, STRING, "roi-classes", "Classes of regions",
      "Comma-separated detector classes of regions that are classified (\\, "
      "for a comma in one); NULL = all",
      PLAYING },

  /**
   * GstAlexnetClassify:roi-min-width:
   *
   * Regions of which less is visible are skipped; #GstAlexnetClassify:stats
   * counts them.
   */
  { GST_ALEXNET_PROP_ROI_MIN_WIDTH, UINT, "roi-min-width",
      "Minimum width of regions",
      "Least visible width of a classified region in pixels", PLAYING, 1,
      G_MAXINT, 1 },

  /**
   * GstAlexnetClassify:roi-min-height:
   *
   * As #GstAlexnetClassify:roi-min-width.
   */
  { GST_ALEXNET_PROP_ROI_MIN_HEIGHT, UINT, "roi-min-height",
      "Minimum height of regions",
      "Least visible height of a classified region in pixels", PLAYING, 1,
      G_MAXINT, 1 },

  /**
   * GstAlexnetClassify:reclassify-interval:
   *
   * After how many frames an object is classified again that a tracker
   * upstream follows: a region related to a GstAnalyticsTrackingMtd, or
   * #GstVideoRegionOfInterestMeta with a parameter `object_id` that has an
   * integer `id`. In between its last result is attached, marked stale. An id
   * that was in none of 300 frames is another object's when it comes again; one
   * that is in each classified frame stays, however far these are apart.
   */
  { GST_ALEXNET_PROP_RECLASSIFY_INTERVAL, UINT, "reclassify-interval",
      "Reclassify interval",
      "Frames after which a tracked object is classified again (1 = each "
      "frame, 0 = never again)",
      PLAYING, 0, G_MAXUINT, 1 },

  /**
   * GstAlexnetClassify:full-frame-od:
   *
   * Adds a GstAnalyticsODMtd that covers the frame to the result of a whole
   * frame, so that elements which show detections show it too. In frames of
   * 240 lines and more it begins at line 24, to leave room for the label that
   * objectdetectionoverlay writes above. It takes
   * GStreamer 1.24 at build time and `analytics` in
   * #GstAlexnetClassify:attach-meta.
   */
  { GST_ALEXNET_PROP_FULL_FRAME_OD, BOOLEAN, "full-frame-od",
      "Full frame detection",
      "Attach a detection that covers the frame to results of whole frames",
      PLAYING },

  { 0 },
};
