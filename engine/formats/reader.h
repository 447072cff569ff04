/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_READER_H
#define ALEXNET_READER_H

#include "formats.h"

G_BEGIN_DECLS

/* Reads a file of any format that there is, recognised by its first bytes.
 * FORMAT, naming the format, and what reading gives. */
gboolean alexnet_model_source_read (AlexnetModelSource *source,
    AlexnetFile *file, GError **error);

G_END_DECLS

#endif /* ALEXNET_READER_H */
