/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rows.h"

#include <stdlib.h>

#include "onednn/dnnl/parallel.h"

/* That are read at once; a multiple of every block of the library's formats. */
#define ROWS 256

typedef struct {
  const AlexnetTensorRows *weight;
  gsize first, n, length; /* rows; values of a row */
  float *values;          /* [ROWS,length] */
  GError *error;          /* atomic; the first one */
} Piece;

static void
read_share (gpointer user, guint thread, guint n_threads)
{
  Piece *piece = user;
  gsize begin = alexnet_onednn_part (piece->n, thread, n_threads);
  gsize end = alexnet_onednn_part (piece->n, thread + 1, n_threads);
  GError *error = NULL;

  if (!alexnet_tensor_rows_read (piece->weight, piece->first + begin,
          end - begin, piece->values + begin * piece->length, &error) &&
      !g_atomic_pointer_compare_and_exchange (&piece->error, NULL, error))
    g_error_free (error);
}

/* The piece's rows of `memory`, where they lie in it. */
static gboolean
get_part (const Piece *piece, dnnl_memory_t memory, dnnl_memory_t *part,
    GError **error)
{
  const dnnl_dims_t dims = { piece->n, piece->length };
  const dnnl_dims_t offsets = { piece->first, 0 };
  g_auto (DnnlDesc) desc = NULL;
  dnnl_engine_t engine;
  DnnlDesc whole;
  void *data;

  ONEDNN_TRY (dnnl_memory_get_memory_desc (memory, &whole));
  ONEDNN_TRY (dnnl_memory_get_engine (memory, &engine));
  ONEDNN_TRY (dnnl_memory_get_data_handle (memory, &data));
  ONEDNN_TRY (dnnl_compat_desc_part (&desc, whole, dims, offsets));
  ONEDNN_TRY (dnnl_memory_create (part, desc, engine, data));
  return TRUE;
}

static gboolean
write_piece (const Piece *piece, const OnednnContext *context,
    dnnl_memory_t memory, GError **error)
{
  g_auto (DnnlDesc) desc = NULL;
  g_auto (dnnl_memory_t) values = NULL;
  g_auto (dnnl_memory_t) part = NULL;

  if (!alexnet_onednn_floats_desc_new (&desc, piece->n, piece->length, error))
    return FALSE;
  ONEDNN_TRY (dnnl_memory_create (&values, desc, context->engine,
      piece->values));
  return get_part (piece, memory, &part, error) &&
      alexnet_onednn_reorder (context->stream, values, part, error);
}

static gboolean
copy_piece (Piece *piece, const OnednnContext *context, dnnl_memory_t memory,
    GError **error)
{
  alexnet_onednn_parallel (read_share, piece);
  if (piece->error) {
    g_propagate_error (error, piece->error);
    return FALSE;
  }
  return write_piece (piece, context, memory, error);
}

static gboolean
copy_pieces (Piece *piece, gsize rows, const OnednnContext *context,
    dnnl_memory_t memory, GError **error)
{
  for (; piece->first < rows; piece->first += piece->n) {
    piece->n = MIN (rows - piece->first, ROWS);
    if (!copy_piece (piece, context, memory, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
alexnet_onednn_rows_fill (const OnednnContext *context, guint i,
    dnnl_memory_t memory, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  g_autoptr (AlexnetTensorRows)
      weight = alexnet_tensor_rows_new (&layer->weight, error);
  Piece piece = { .weight = weight, .length = alexnet_shape_size (&layer->in) };
  gsize size = MIN (layer->channels, ROWS) * piece.length * sizeof (float);
  gboolean done;

  if (!weight)
    return FALSE;
  piece.values = alexnet_onednn_alloc_unset (size, error);
  done = piece.values &&
      copy_pieces (&piece, layer->channels, context, memory, error);
  free (piece.values);
  return done;
}
