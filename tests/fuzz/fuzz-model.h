/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include <glib.h>

G_BEGIN_DECLS

/* Loads `data` as a model file from memory of its exact size. It either fails
 * with one proper error or gives a model whose every weight can be read; all
 * else aborts. Returns which. */
gboolean fuzz_model (const guint8 *data, gsize size);

G_END_DECLS

#endif /* FUZZ_MODEL_H */
