/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What torch.save() writes, TorchScript's save() and torch.export.save(): a zip
 * archive, and before PyTorch 1.6 pickles one behind the other. Any object may
 * be in it. */

#ifndef ALEXNET_TORCH_H
#define ALEXNET_TORCH_H

#include "formats/formats.h"

G_BEGIN_DECLS

gboolean alexnet_torch_zip_detect (const guint8 *head, gsize size,
    guint64 file_size);
gboolean alexnet_torch_zip_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error);
gboolean alexnet_torch_legacy_detect (const guint8 *head, gsize size,
    guint64 file_size);
gboolean alexnet_torch_legacy_read (AlexnetModelSource *source,
    AlexnetFile *file, GError **error);

G_END_DECLS

#endif /* ALEXNET_TORCH_H */
