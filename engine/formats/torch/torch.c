/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The zip archives of PyTorch since 1.6: what torch.save() and TorchScript's
 * save() write, and torch.export.save(). */

#include "torch.h"

#include <string.h>

#include "formats/pickle/walk.h"
#include "archive.h"

#define ROOT_NAME "data.pkl"

gboolean
alexnet_torch_zip_detect (const guint8 *head, gsize size, guint64 file_size)
{
  return size >= 4 &&
      (memcmp (head, "PK\3\4", 4) == 0 || memcmp (head, "PK\5\6", 4) == 0);
}

/* Whether an entry is FOLDER/name, or `name` alone. */
static gboolean
is_root (const AlexnetZipEntry *entry, const char *name)
{
  const char *slash = strchr (entry->name, '/');

  return g_str_equal (slash ? slash + 1 : entry->name, name);
}

/* The only entry of that name; NULL when there is none, and an error when
 * there are several. */
static const AlexnetZipEntry *
find_root (const AlexnetZip *zip, const char *name, GError **error)
{
  const AlexnetZipEntry *found = NULL;

  for (guint i = 0; i < zip->entries->len; i++) {
    const AlexnetZipEntry *entry = zip->entries->pdata[i];

    if (!is_root (entry, name))
      continue;
    if (found) {
      g_autofree char *one = alexnet_quote (found->name);
      g_autofree char *other = alexnet_quote (entry->name);

      alexnet_format_error (error, "zip archive with two of %s: %s and %s",
          name, one, other);
      return NULL;
    }
    found = entry;
  }
  return found;
}

static gboolean
find_storage (gconstpointer user, const char *key, guint64 *offset,
    guint64 *size, GError **error)
{
  const AlexnetZipEntry *entry = alexnet_torch_archive_get (user, "data/", key,
      error);

  if (!entry) {
    g_prefix_error (error, "%s", "its storage: ");
    return FALSE;
  }
  *offset = entry->begin;
  *size = entry->size;
  return TRUE;
}

/* torch.jit.freeze() makes constants of all weights. */
static gboolean
check_not_frozen (const AlexnetModelSource *source,
    const AlexnetTorchArchive *archive, GError **error)
{
  return source->tensors->entries->len > 0 ||
      !alexnet_torch_archive_find (archive, "constants/0") ||
      alexnet_format_error (error,
          "it is frozen, and its weights have no names; save it before "
          "torch.jit.freeze()");
}

static gboolean
read_checkpoint (AlexnetModelSource *source, const AlexnetTorchArchive *archive,
    const AlexnetZipEntry *root, GError **error)
{
  const AlexnetStorages storages = { archive->file, find_storage, archive };
  g_autoptr (AlexnetPickle) pickle = NULL;
  const char *what = "checkpoint (zip)";

  if (!alexnet_zip_check_stored (root, error))
    return FALSE;
  pickle = alexnet_pickle_new (archive->file, root->begin, root->size, error);
  if (!pickle) {
    g_prefix_error (error, "%s", ROOT_NAME ": ");
    return FALSE;
  }
  if (alexnet_torch_archive_find (archive, "constants.pkl"))
    what = "TorchScript archive";
  else if (pickle->root->kind == ALEXNET_PICKLE_OBJECT)
    what = "pickled module (zip)";
  source->kind = g_strconcat ("PyTorch ", what, NULL);
  return alexnet_pickle_walk (source, pickle, pickle->root, &storages, error) &&
      check_not_frozen (source, archive, error) &&
      alexnet_torch_script_read (source, archive, error);
}

/* What else comes as a zip archive, by how the name of an entry ends. */
static const struct {
  const char *suffix, *what;
} others[] = {
  { ".weights.h5", "of Keras; convert the model to ONNX" },
  { ".npy", "of numpy (.npz); save the dict of its arrays with numpy.save()" },
  { ".safetensors", "around a model; unpack it first" },
  { ".pth", "around a model; unpack it first" },
  { ".pt", "around a model; unpack it first" },
  { ".tar", "around a model; unpack it first" },
  { ".onnx", "around a model; unpack it first" },
  { ".caffemodel", "around a model; unpack it first" },
};

static gboolean
refuse_archive (const AlexnetZip *zip, GError **error)
{
  for (guint i = 0; i < zip->entries->len; i++) {
    const AlexnetZipEntry *entry = zip->entries->pdata[i];

    for (guint j = 0; j < G_N_ELEMENTS (others); j++)
      if (g_str_has_suffix (entry->name, others[j].suffix))
        return alexnet_format_error (error, "zip archive %s", others[j].what);
  }
  return alexnet_format_error (error,
      "zip archive without NAME/" ROOT_NAME "; PyTorch did not write it");
}

static char *
get_folder (const AlexnetZipEntry *entry)
{
  const char *slash = strchr (entry->name, '/');

  return slash ? g_strndup (entry->name, (gsize) (slash + 1 - entry->name))
               : g_strdup ("");
}

gboolean
alexnet_torch_zip_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error)
{
  g_autoptr (AlexnetZip) zip = alexnet_zip_new (file, error);
  const AlexnetZipEntry *pickle, *format;
  g_autofree char *folder = NULL;
  g_autoptr (GError) cause = NULL;
  AlexnetTorchArchive archive = { file, zip };

  if (!zip)
    return FALSE;
  pickle = find_root (zip, ROOT_NAME, &cause);
  format = pickle || cause ? NULL : find_root (zip, "archive_format", &cause);
  if (cause) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  if (!pickle && !format)
    return refuse_archive (zip, error);
  archive.folder = folder = get_folder (pickle ? pickle : format);
  if (!alexnet_torch_archive_check_order (&archive, error))
    return FALSE;
  return pickle ? read_checkpoint (source, &archive, pickle, error)
                : alexnet_torch_export_read (source, &archive, error);
}
