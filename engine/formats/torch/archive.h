/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the zip archives of PyTorch have in common: all entries lie in one
 * folder. */

#ifndef ALEXNET_TORCH_ARCHIVE_H
#define ALEXNET_TORCH_ARCHIVE_H

#include "formats/json.h"
#include "zip.h"

G_BEGIN_DECLS

typedef struct {
  const AlexnetFile *file;
  const AlexnetZip *zip;
  const char *folder;           /* with a slash behind it, or "" */
} AlexnetTorchArchive;

/* The entry of that name in the folder, or NULL. */
const AlexnetZipEntry *alexnet_torch_archive_find (
    const AlexnetTorchArchive *archive, const char *name);

/* The same of folder, `directory` and name; FORMAT when there is none or its
 * bytes are not stored as they are. */
const AlexnetZipEntry *alexnet_torch_archive_get (
    const AlexnetTorchArchive *archive, const char *directory,
    const char *name, GError **error);

/* FORMAT when the archive says that values are not little-endian. */
gboolean alexnet_torch_archive_check_order (const AlexnetTorchArchive *archive,
    GError **error);

/* The JSON in an entry, called `what` in messages. FORMAT also when there is
 * too much of it. */
JsonNode *alexnet_torch_archive_read_json (const AlexnetTorchArchive *archive,
    const AlexnetZipEntry *entry, const char *what, GError **error);

/* The text in an entry, deflated or not. The caller frees it. FORMAT when there
 * is too much of it for the code of a module. */
char *alexnet_torch_archive_read_code (const AlexnetTorchArchive *archive,
    const AlexnetZipEntry *entry, GError **error);

/* Adds to the settings of TorchScript's modules what their code says. FORMAT
 * for code that cannot be read. */
gboolean alexnet_torch_script_read (AlexnetModelSource *source,
    const AlexnetTorchArchive *archive, GError **error);

/* Adds modules for the convolutions and poolings in the graph of a model in
 * torch.export's archive, where there is one. FORMAT for an operator that no
 * AlexNet has. */
gboolean alexnet_torch_graph_read (AlexnetModelSource *source,
    const AlexnetTorchArchive *archive, const char *model, GError **error);

/* What torch.export.save() writes since PyTorch 2.9: weights as they are, and
 * JSON that says which is which. */
gboolean alexnet_torch_export_read (AlexnetModelSource *source,
    const AlexnetTorchArchive *archive, GError **error);

G_END_DECLS

#endif /* ALEXNET_TORCH_ARCHIVE_H */
