/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* oneDNN 2.6 and 3 behind one face, which is that of 3: descriptors are
 * handles, and a primitive descriptor is made in one step. */

#ifndef ALEXNET_DNNL_COMPAT_H
#define ALEXNET_DNNL_COMPAT_H

#include <glib.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

/* What both versions take and give where a memory descriptor is only read. */
#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t DnnlDesc;
#else
typedef const dnnl_memory_desc_t *DnnlDesc;
#endif

/* Rows and columns. */
typedef struct {
  dnnl_dims_t kernel, stride, padding, end_padding;
} DnnlWindow;

#if DNNL_VERSION_MAJOR >= 3

/* The argument that holds the scales of dnnl_compat_attr_scales(); 0: they
 * were taken when they were given. */
#define DNNL_COMPAT_SCALES_ARG (DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS)

/* Whether those also multiply the bias. */
#define DNNL_COMPAT_BIAS_IS_SCALED FALSE

/* What the sums of a convolution of whole numbers are multiplied with, by
 * channel. */
static inline dnnl_status_t
dnnl_compat_attr_scales (dnnl_primitive_attr_t attr, gboolean grouped,
    dnnl_dim_t n, const float *scales)
{
  return dnnl_primitive_attr_set_scales_mask (attr, DNNL_ARG_WEIGHTS,
      grouped ? 3 : 1);
}

static inline dnnl_status_t
dnnl_compat_desc_new (DnnlDesc *desc, int n_dims, const dnnl_dim_t *dims,
    dnnl_data_type_t type, dnnl_format_tag_t tag)
{
  dnnl_memory_desc_t made = NULL;
  dnnl_status_t status = dnnl_memory_desc_create_with_tag (&made, n_dims, dims,
      type, tag);

  *desc = made;
  return status;
}

/* What lies at `offsets` of `whole`, which begins in the same place. */
static inline dnnl_status_t
dnnl_compat_desc_part (DnnlDesc *desc, DnnlDesc whole, const dnnl_dims_t dims,
    const dnnl_dims_t offsets)
{
  dnnl_memory_desc_t made = NULL;
  dnnl_status_t status = dnnl_memory_desc_create_submemory (&made, whole, dims,
      offsets);

  *desc = made;
  return status;
}

static inline void
dnnl_compat_desc_free (DnnlDesc desc)
{
  if (desc)
    dnnl_memory_desc_destroy ((dnnl_memory_desc_t) desc);
}

static inline dnnl_data_type_t
dnnl_compat_desc_type (DnnlDesc desc)
{
  dnnl_data_type_t type = dnnl_data_type_undef;

  dnnl_memory_desc_query (desc, dnnl_query_data_type, &type);
  return type;
}

static inline dnnl_dim_t
dnnl_compat_desc_stride (DnnlDesc desc, int axis)
{
  const dnnl_dims_t *strides = NULL;

  dnnl_memory_desc_query (desc, dnnl_query_strides, &strides);
  return strides ? (*strides)[axis] : 0;
}

static inline dnnl_status_t
dnnl_compat_append_relu (dnnl_post_ops_t ops)
{
  return dnnl_post_ops_append_eltwise (ops, dnnl_eltwise_relu, 0, 0);
}

static inline dnnl_status_t
dnnl_compat_conv (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc src, DnnlDesc weights, DnnlDesc bias, DnnlDesc dst,
    const DnnlWindow *window, const_dnnl_primitive_attr_t attr)
{
  static const dnnl_dims_t dense = { 0 };

  return dnnl_convolution_forward_primitive_desc_create (made, engine,
      dnnl_forward_inference, dnnl_convolution_direct, src, weights, bias, dst,
      window->stride, dense, window->padding, window->end_padding, attr);
}

static inline dnnl_status_t
dnnl_compat_relu (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc data, const_dnnl_primitive_attr_t attr)
{
  return dnnl_eltwise_forward_primitive_desc_create (made, engine,
      dnnl_forward_inference, dnnl_eltwise_relu, data, data, 0, 0, attr);
}

static inline dnnl_status_t
dnnl_compat_lrn (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc data, dnnl_dim_t size, float alpha, float beta, float k,
    const_dnnl_primitive_attr_t attr)
{
  return dnnl_lrn_forward_primitive_desc_create (made, engine,
      dnnl_forward_inference, dnnl_lrn_across_channels, data, data, size, alpha,
      beta, k, attr);
}

static inline dnnl_status_t
dnnl_compat_linear (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc src, DnnlDesc weights, DnnlDesc bias, DnnlDesc dst,
    const_dnnl_primitive_attr_t attr)
{
  return dnnl_inner_product_forward_primitive_desc_create (made, engine,
      dnnl_forward_inference, src, weights, bias, dst, attr);
}

static inline dnnl_status_t
dnnl_compat_matmul (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc src, DnnlDesc weights, DnnlDesc dst,
    const_dnnl_primitive_attr_t attr)
{
  return dnnl_matmul_primitive_desc_create (made, engine, src, weights, NULL,
      dst, attr);
}

#else /* oneDNN 2 */

#define DNNL_COMPAT_SCALES_ARG 0
#define DNNL_COMPAT_BIAS_IS_SCALED TRUE

static inline dnnl_status_t
dnnl_compat_attr_scales (dnnl_primitive_attr_t attr, gboolean grouped,
    dnnl_dim_t n, const float *scales)
{
  return dnnl_primitive_attr_set_output_scales (attr, n, 1 << 1, scales);
}

static inline dnnl_status_t
dnnl_compat_desc_new (DnnlDesc *desc, int n_dims, const dnnl_dim_t *dims,
    dnnl_data_type_t type, dnnl_format_tag_t tag)
{
  dnnl_memory_desc_t *made = g_new0 (dnnl_memory_desc_t, 1);

  *desc = made;
  return dnnl_memory_desc_init_by_tag (made, n_dims, dims, type, tag);
}

static inline dnnl_status_t
dnnl_compat_desc_part (DnnlDesc *desc, DnnlDesc whole, const dnnl_dims_t dims,
    const dnnl_dims_t offsets)
{
  dnnl_memory_desc_t *made = g_new0 (dnnl_memory_desc_t, 1);

  *desc = made;
  return dnnl_memory_desc_init_submemory (made, whole, dims, offsets);
}

static inline void
dnnl_compat_desc_free (DnnlDesc desc)
{
  g_free ((gpointer) desc);
}

static inline dnnl_data_type_t
dnnl_compat_desc_type (DnnlDesc desc)
{
  return desc->data_type;
}

static inline dnnl_dim_t
dnnl_compat_desc_stride (DnnlDesc desc, int axis)
{
  return desc->format_desc.blocking.strides[axis];
}

static inline dnnl_status_t
dnnl_compat_append_relu (dnnl_post_ops_t ops)
{
  return dnnl_post_ops_append_eltwise (ops, 1, dnnl_eltwise_relu, 0, 0);
}

static inline dnnl_status_t
dnnl_compat_conv (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc src, DnnlDesc weights, DnnlDesc bias, DnnlDesc dst,
    const DnnlWindow *window, const_dnnl_primitive_attr_t attr)
{
  static const dnnl_dims_t dense = { 0 };
  dnnl_convolution_desc_t desc;
  dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init (&desc,
      dnnl_forward_inference, dnnl_convolution_direct, src, weights, bias, dst,
      window->stride, dense, window->padding, window->end_padding);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (made, &desc, attr, engine, NULL);
}

static inline dnnl_status_t
dnnl_compat_relu (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc data, const_dnnl_primitive_attr_t attr)
{
  dnnl_eltwise_desc_t desc;
  dnnl_status_t status = dnnl_eltwise_forward_desc_init (&desc,
      dnnl_forward_inference, dnnl_eltwise_relu, data, 0, 0);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (made, &desc, attr, engine, NULL);
}

static inline dnnl_status_t
dnnl_compat_lrn (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc data, dnnl_dim_t size, float alpha, float beta, float k,
    const_dnnl_primitive_attr_t attr)
{
  dnnl_lrn_desc_t desc;
  dnnl_status_t status = dnnl_lrn_forward_desc_init (&desc,
      dnnl_forward_inference, dnnl_lrn_across_channels, data, size, alpha, beta,
      k);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (made, &desc, attr, engine, NULL);
}

static inline dnnl_status_t
dnnl_compat_linear (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc src, DnnlDesc weights, DnnlDesc bias, DnnlDesc dst,
    const_dnnl_primitive_attr_t attr)
{
  dnnl_inner_product_desc_t desc;
  dnnl_status_t status = dnnl_inner_product_forward_desc_init (&desc,
      dnnl_forward_inference, src, weights, bias, dst);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (made, &desc, attr, engine, NULL);
}

static inline dnnl_status_t
dnnl_compat_matmul (dnnl_primitive_desc_t *made, dnnl_engine_t engine,
    DnnlDesc src, DnnlDesc weights, DnnlDesc dst,
    const_dnnl_primitive_attr_t attr)
{
  dnnl_matmul_desc_t desc;
  dnnl_status_t status = dnnl_matmul_desc_init (&desc, src, weights, NULL, dst);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (made, &desc, attr, engine, NULL);
}

#endif

static inline void
dnnl_compat_desc_clear (DnnlDesc *desc)
{
  dnnl_compat_desc_free (*desc);
  *desc = NULL;
}

static inline void
dnnl_compat_primitive_desc_clear (dnnl_primitive_desc_t *desc)
{
  if (*desc)
    dnnl_primitive_desc_destroy (*desc);
  *desc = NULL;
}

static inline void
dnnl_compat_attr_clear (dnnl_primitive_attr_t *attr)
{
  if (*attr)
    dnnl_primitive_attr_destroy (*attr);
  *attr = NULL;
}

static inline void
dnnl_compat_memory_clear (dnnl_memory_t *memory)
{
  if (*memory)
    dnnl_memory_destroy (*memory);
  *memory = NULL;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DnnlDesc, dnnl_compat_desc_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (dnnl_memory_t, dnnl_compat_memory_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (dnnl_primitive_desc_t,
    dnnl_compat_primitive_desc_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (dnnl_primitive_attr_t, dnnl_compat_attr_clear)

#endif /* ALEXNET_DNNL_COMPAT_H */
