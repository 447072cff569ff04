/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution by the library, in the context's type. */

#ifndef ALEXNET_ONEDNN_DIRECT_H
#define ALEXNET_ONEDNN_DIRECT_H

#include "onednn/step/convolution.h"

G_BEGIN_DECLS

/* Fits every convolution; reads and writes what the library likes best. */
extern const OnednnMethod alexnet_direct_convolution;

/* The first of `tags`, ended by dnnl_format_tag_undef, in which the library
 * likes to read one image of the network's first layer, a convolution; `tag`
 * stays what it was when none fits. */
gboolean alexnet_direct_find_input_tag (const OnednnContext *context,
    const dnnl_format_tag_t *tags, dnnl_format_tag_t *tag, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_DIRECT_H */
