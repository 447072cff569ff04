/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((gsize) 2 << 20)
#define CACHE_LINE 64

gboolean
alexnet_onednn_fail (GError **error, const char *call, dnnl_status_t status)
{
  const dnnl_version_t *version = dnnl_version ();
  int code = status == dnnl_out_of_memory ? ALEXNET_ERROR_NO_MEMORY
      : status == dnnl_unimplemented      ? ALEXNET_ERROR_UNSUPPORTED
                                          : ALEXNET_ERROR_DEVICE;

  g_set_error (error, ALEXNET_ERROR, code, "oneDNN %d.%d.%d: %.*s: %s",
      version->major, version->minor, version->patch,
      (int) strcspn (call, " ("), call, dnnl_status2str (status));
  return FALSE;
}

gboolean
alexnet_onednn_image_desc_new (DnnlDesc *desc, guint batch,
    const AlexnetShape *shape, dnnl_data_type_t type, dnnl_format_tag_t tag,
    GError **error)
{
  dnnl_dims_t dims = { batch, shape->channels, shape->height, shape->width };

  ONEDNN_TRY (dnnl_compat_desc_new (desc, 4, dims, type, tag));
  return TRUE;
}

gboolean
alexnet_onednn_image_desc_find_tag (DnnlDesc desc, guint batch,
    const AlexnetShape *shape, const dnnl_format_tag_t *tags,
    dnnl_format_tag_t *tag, GError **error)
{
  for (guint i = 0; tags[i] != dnnl_format_tag_undef; i++) {
    g_auto (DnnlDesc) candidate = NULL;

    if (!alexnet_onednn_image_desc_new (&candidate, batch, shape,
            dnnl_compat_desc_type (desc), tags[i], error))
      return FALSE;
    if (dnnl_memory_desc_equal (candidate, desc)) {
      *tag = tags[i];
      break;
    }
  }
  return TRUE;
}

guint
alexnet_onednn_tag_lanes (dnnl_format_tag_t tag, guint channels)
{
  switch (tag) {
    case dnnl_nChw16c:
      return 16;
    case dnnl_nChw8c:
      return 8;
    case dnnl_nChw4c:
      return 4;
    case dnnl_nchw:
      return 1;
    default:
      g_assert (tag == dnnl_nhwc);
      return channels;
  }
}

gboolean
alexnet_onednn_floats_desc_new (DnnlDesc *desc, gsize n, gsize size,
    GError **error)
{
  dnnl_dims_t dims = { (dnnl_dim_t) n, (dnnl_dim_t) size };

  ONEDNN_TRY (dnnl_compat_desc_new (desc, 2, dims, dnnl_f32, dnnl_nc));
  return TRUE;
}

void *
alexnet_onednn_alloc_unset (gsize size, GError **error)
{
  gsize alignment = size >= HUGE_PAGE ? HUGE_PAGE : CACHE_LINE;
  void *data = NULL;

  if (posix_memalign (&data, alignment, MAX (size, 1)) != 0) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "backend 'cpu' cannot allocate %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
#ifdef MADV_HUGEPAGE
  if (size >= HUGE_PAGE)
    madvise (data, size, MADV_HUGEPAGE);
#endif
  return data;
}

void *
alexnet_onednn_alloc (gsize size, GError **error)
{
  void *data = alexnet_onednn_alloc_unset (size, error);

  return data ? memset (data, 0, size) : NULL;
}

gboolean
alexnet_onednn_reorder (dnnl_stream_t stream, dnnl_memory_t src,
    dnnl_memory_t dst, GError **error)
{
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, src }, { DNNL_ARG_TO, dst } };
  dnnl_primitive_t primitive;
  dnnl_status_t status;
  dnnl_engine_t engine;
  DnnlDesc from, to;

  ONEDNN_TRY (dnnl_stream_get_engine (stream, &engine));
  ONEDNN_TRY (dnnl_memory_get_memory_desc (src, &from));
  ONEDNN_TRY (dnnl_memory_get_memory_desc (dst, &to));
  ONEDNN_TRY (dnnl_reorder_primitive_desc_create (&desc, from, engine, to,
      engine, NULL));
  ONEDNN_TRY (dnnl_primitive_create (&primitive, desc));
  status = dnnl_primitive_execute (primitive, stream, 2, args);
  if (status == dnnl_success)
    status = dnnl_stream_wait (stream);
  dnnl_primitive_destroy (primitive);
  ONEDNN_TRY (status);
  return TRUE;
}
