/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests on the software device share: networks with weights, the
 * module's and the reference's answers to the same input. */

#ifndef SOFTGPU_FIXTURE_H
#define SOFTGPU_FIXTURE_H

#include "backend/backend.h"
#include "support/cache-directory.h"
#include "softgpu.h"

G_BEGIN_DECLS

/* A narrow network, one of alexnet_networks(), all weights bound. Free with
 * random_model_clear() and g_free(). */
AlexnetNetwork *fixture_network (const char *architecture);

/* The 2012 network for an image of a tenth of the pixels: every kind of layer,
 * little to compute. */
AlexnetNetwork *fixture_small_network (void);

/* The narrow torchvision network as a model file of tests/data. */
AlexnetModel *fixture_model (void);

/* Layer `i` of a network alone, its weights shared with it. */
AlexnetNetwork fixture_layer (const AlexnetNetwork *network, guint i);

/* Opens the module, which must work, with twice as many slots as a batch. */
AlexnetPlan *fixture_open (const AlexnetNetwork *network,
    AlexnetPrecision precision, guint max_batch_size);

/* The same that may fail. */
AlexnetPlan *fixture_try_open (const AlexnetNetwork *network,
    AlexnetPrecision precision, guint max_batch_size, GError **error);
void fixture_close (AlexnetPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetPlan, fixture_close)

/* [n] inputs of `network`, values -1..1, other ones for another seed. */
float *fixture_inputs (const AlexnetNetwork *network, guint n, guint seed);

/* Stages n inputs into slots first, first + 1 ...; runs them; both must work.
 * The outputs, [n][C,H,W]. */
void fixture_stage (AlexnetPlan *plan, const AlexnetNetwork *network,
    guint first, guint n, const float *inputs);
float *fixture_infer (AlexnetPlan *plan, const AlexnetNetwork *network,
    guint first, guint n);

/* The same for the best classes, [n][ALEXNET_MAX_BEST]. */
AlexnetBest *fixture_infer_best (AlexnetPlan *plan, guint first, guint n);

/* What the reference makes of n inputs. */
float *fixture_reference (const AlexnetNetwork *network, guint n,
    const float *inputs);

/* Half a unit of the last bit of 1.0: the largest relative error of rounding
 * to the type in which `precision` keeps values, or multiplies them; of INT8
 * that of values. To TF32 a value is cut: a whole unit. */
double fixture_rounding (AlexnetPrecision precision, gboolean multiplies);

/* Fails the test, saying `what`, unless each |a - b| <= tolerance. */
void fixture_assert_near (const float *a, const float *b, gsize n,
    double tolerance, const char *what);

/* Largest |value|. */
double fixture_largest (const float *values, gsize n);

/* All that the module has; the first ones differ in the type of values. */
#define FIXTURE_N_PRECISIONS 5
#define FIXTURE_N_TYPES 4
extern const AlexnetPrecision fixture_precisions[FIXTURE_N_PRECISIONS];

G_END_DECLS

#endif /* SOFTGPU_FIXTURE_H */
