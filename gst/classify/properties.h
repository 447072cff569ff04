/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The element's properties for those who use it: their names, types, ranges,
 * defaults and documentation. */

#ifndef GST_ALEXNET_PROPERTIES_H
#define GST_ALEXNET_PROPERTIES_H

#include "settings.h"

G_BEGIN_DECLS

/* Once, in the initialisation of the element's class. */
void gst_alexnet_properties_install (GObjectClass *klass);

/* Fills `settings`, which hold nothing yet; to be cleared. */
void gst_alexnet_properties_get_defaults (GObjectClass *klass,
    GstAlexnetSettings *settings);

/* The engine's name for it: "auto", "cpu", ... */
const char *gst_alexnet_backend_name (GstAlexnetBackend backend);

G_END_DECLS

#endif /* GST_ALEXNET_PROPERTIES_H */
