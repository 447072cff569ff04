/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "classify/gstalexnetclassify.h"
#include "json/gstclassificationjson.h"

#if HAVE_KAFKA
#include "kafka/gstclassificationkafka.h"
#endif

#if HAVE_OVERLAY
#include "overlay/gstclassificationoverlay.h"
#endif

static gboolean
plugin_init (GstPlugin *plugin)
{
#if HAVE_KAFKA
  if (!GST_ELEMENT_REGISTER (classificationkafka, plugin))
    return FALSE;
#endif
#if HAVE_OVERLAY
  if (!GST_ELEMENT_REGISTER (classificationoverlay, plugin))
    return FALSE;
#endif
  return GST_ELEMENT_REGISTER (alexnetclassify, plugin) &&
      GST_ELEMENT_REGISTER (classificationjson, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, alexnet,
    "Image classification with AlexNet", plugin_init, PACKAGE_VERSION, "LGPL",
    "alexnetclassify", "Unknown package origin")
