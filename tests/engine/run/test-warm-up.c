/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an engine runs before it is handed out. */

#include "alexnet.h"
#include "support/fake-backend.h"
#include "support/models.h"

typedef struct {
  const char *backend;
  guint max_batch_size, n_warm;
} Case;

static const Case cases[] = {
  { "fake", 1, 1 },
  { "fake", 4, 1 + 4 },
  { "quick", 1, 1 },
  { "quick", 4, 1 },
};

/* A run too many would be no warm-up and so a batch. */
static void
test_warm_up (gconstpointer data)
{
  const Case *c = data;
  AlexnetEngineParams params = { .backend = c->backend,
    .max_batch_size = c->max_batch_size };
  AlexnetModel *model = models_load (NULL);
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine;

  fake_backend_reset ();
  engine = alexnet_engine_get (model, &params, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fake_backend_n_warm (), ==, c->n_warm);
  g_assert_cmpuint (fake_backend_n_batches (), ==, 0);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/warm-up/%s/%u", cases[i].backend,
        cases[i].max_batch_size);

    g_test_add_data_func (path, &cases[i], test_warm_up);
  }
  return g_test_run ();
}
