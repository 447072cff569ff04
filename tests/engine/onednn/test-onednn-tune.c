/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the CPU backend chooses among the ways to compute a convolution. One
 * thread, so that what else the machine does cannot spoil every time. */

#include <string.h>

#include "backends.h"
#include "support/cache-directory.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/plan/tune.h"
#include "onednn/step/weights.h"
#include "support/random-model.h"
#include "support/says.h"

#define N_CHOICES 4 /* batches of 1, 2, 4, 8 */

/* A convolution, behind a ReLU if `relu`. */
static AlexnetNetwork
make_network (gboolean relu)
{
  AlexnetNetwork network = { .architecture = "torchvision",
    .input = { 16, 20, 20 },
    .n_layers = relu ? 2 : 1 };

  network.layers[0].kind = ALEXNET_LAYER_RELU;
  network.layers[network.n_layers - 1] = (AlexnetLayer){
    .kind = ALEXNET_LAYER_CONV,
    .name = "conv",
    .channels = 16,
    .kernel = 3,
    .stride = 1,
    .padding = 1,
    .end_padding = 1,
    .groups = 1
  };
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  random_model_fill (&network);
  return network;
}

/* The lines that say what was chosen. */
static char **
get_choices_of (AlexnetNetwork network, guint n_threads)
{
  AlexnetPlanParams params = { .precision = ALEXNET_PRECISION_FP32,
    .cpu_threads = n_threads,
    .max_batch_size = 8,
    .n_slots = 8 };
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan = alexnet_backend_find ("cpu", NULL)
                          ->open (&network, &params, &error);
  char **lines;

  g_assert_no_error (error);
  g_test_message ("%s", plan->choices);
  lines = g_strsplit (g_strstrip (plan->choices), "\n", -1);
  plan->backend->close (plan);
  random_model_clear (&network);
  return lines;
}

static char **
get_choices (guint n_threads)
{
  return get_choices_of (make_network (FALSE), n_threads);
}

/* Puts `value` where the cache has the times of every question. */
static void
replace_times (const char *value)
{
  g_autofree char *with = g_strdup_printf ("\"%s\"", value);

  cache_directory_replace ("\"[^\"]*direct\\[[^\"]*\"", with);
}

static void
assert_each (char **lines, const char *text, gboolean there)
{
  g_assert_cmpuint (g_strv_length (lines), ==, N_CHOICES);
  for (guint i = 0; i < N_CHOICES; i++)
    if ((strstr (lines[i], text) != NULL) != there)
      g_error ("'%s' is%s in '%s'", text, there ? " not" : "", lines[i]);
}

/* "conv  8  NAME  A[avx2]=1.5 B[vnni]=2": NAME is the one with the least
 * number. */
static void
assert_fastest (const char *line)
{
  g_auto (GStrv) words = g_regex_split_simple (" +", line, 0, 0);
  double chosen = 0, least = G_MAXDOUBLE;

  g_assert_cmpuint (g_strv_length (words), ==, 7);
  for (guint i = 3; i < 7; i++) {
    char *number = strstr (words[i], "]=") + 2;
    double time = g_ascii_strtod (number, NULL);

    least = MIN (least, time);
    if (g_str_has_prefix (words[i], words[2]))
      chosen = time;
  }
  g_assert_cmpfloat (least, >, 0);
  g_assert_cmpfloat (chosen, ==, least);
}

static void
test_timed (void)
{
  g_auto (GStrv) lines = get_choices (1);

  assert_each (lines, "direct[", TRUE);
  for (guint i = 0; i < N_CHOICES; i++)
    assert_fastest (lines[i]);
  cache_directory_clear ();
}

static void
test_isa_of_avx2 (void)
{
  g_auto (GStrv) lines = get_choices (1);

  assert_each (lines, "direct[avx2]=", TRUE);
}

/* The library says what it runs on, and is held to less than there is. */
static void
test_isa (void)
{
  if (!g_str_has_prefix (alexnet_isa_name (alexnet_cpu_detect ()), "avx")) {
    g_test_skip ("this CPU has no AVX2");
    return;
  }
  g_setenv ("ONEDNN_MAX_CPU_ISA", "AVX2", TRUE);
  g_test_trap_subprocess ("/onednn-tune/isa/avx2/subprocess", 0, 0);
  g_unsetenv ("ONEDNN_MAX_CPU_ISA");
  g_test_trap_assert_passed ();
}

/* Twice the same times: the second ones were not measured. */
static void
test_kept (void)
{
  g_auto (GStrv) first = get_choices (1);
  g_auto (GStrv) second = get_choices (1);

  g_assert_true (g_strv_equal ((const char *const *) first,
      (const char *const *) second));
  cache_directory_clear ();
}

/* What is in the file decides. */
static void
test_used (void)
{
  g_auto (GStrv) lines = get_choices (1);
  g_autoptr (GString) times = g_string_new (NULL);
  g_auto (GStrv) words = g_regex_split_simple (" +", lines[0], 0, 0);
  g_auto (GStrv) again = NULL;

  for (guint i = 3; i < 7; i++)
    g_string_append_printf (times, "%s%.*s=%s", i > 3 ? " " : "",
        (int) strcspn (words[i], "="), words[i],
        g_str_has_prefix (words[i], "F(6x6,3x3)") ? "0.001" : "7.000");
  replace_times (times->str);
  again = get_choices (1);
  g_assert_cmpuint (g_strv_length (again), ==, N_CHOICES);
  assert_says (again[0], "F(6x6,3x3)   ");
  cache_directory_clear ();
}

static guint
count_questions (void)
{
  g_autofree char *path = cache_directory_find ();
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  parts = g_strsplit (text, "\"conv [", -1);
  return g_strv_length (parts) - 1;
}

/* The same convolution is another question where it reads another format: the
 * first layer chooses its own, a ReLU takes what comes. */
static void
test_source (void)
{
  g_auto (GStrv) first = get_choices (1);
  g_auto (GStrv) behind = NULL;
  g_auto (GStrv) again = NULL;

  g_assert_cmpuint (count_questions (), ==, N_CHOICES);
  behind = get_choices_of (make_network (TRUE), 1);
  g_assert_cmpuint (count_questions (), ==, 2 * N_CHOICES);
  again = get_choices (1);
  g_assert_true (g_strv_equal ((const char *const *) first,
      (const char *const *) again));
  cache_directory_clear ();
}

static void
test_damaged (void)
{
  static const char *const values[] = { "direct[a]=1",
    "direct[a]=", "direct[a]=x", "direct[",
    "F(5x5,3x3)[a]=1 F(4x4,3x3)[a]=1 F(6x6,3x3)[a]=1 direct[a]=-1",
    "F(5x5,3x3)[a]=1 F(4x4,3x3)[a]=1 F(6x6,3x3)[a]=1 direct=1",
    "F(5x5,3x3)[a]=nan F(4x4,3x3)[a]=nan F(6x6,3x3)[a]=nan direct[a]=nan",
    "F(5x5,3x3)[a]=0 F(4x4,3x3)[a]=0 F(6x6,3x3)[a]=0 direct[a]=0",
    "direct[a]=1 direct[a]=1 direct[a]=1 direct[a]=1" };
  G_GNUC_UNUSED g_auto (GStrv) lines = get_choices (1);

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_auto (GStrv) again = NULL;

    replace_times (values[i]);
    again = get_choices (1);
    for (guint j = 0; j < N_CHOICES; j++)
      assert_fastest (again[j]);
  }
  cache_directory_clear ();
}

/* Other threads, other times. */
static void
test_threads (void)
{
  G_GNUC_UNUSED g_auto (GStrv) lines = get_choices (1);
  g_autofree char *first = cache_directory_find (), *second = NULL;
  g_auto (GStrv) other = NULL;

  g_assert_cmpstr (first, !=, "");
  cache_directory_clear ();
  other = get_choices (2);
  second = cache_directory_find ();
  g_assert_cmpstr (first, !=, second);
  cache_directory_clear ();
}

static void
test_forced (void)
{
  static const char *const ways[] = { "direct", "F(4x4,3x3)", "F(5x5,3x3)",
    "F(6x6,3x3)" };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *value = g_strconcat ("F(2x2,5x5) ", ways[i], NULL);
    g_auto (GStrv) lines = NULL;
    g_autofree char *path = NULL;

    g_setenv ("ALEXNET_CPU_CONV", value, TRUE);
    lines = get_choices (1);
    assert_each (lines, ways[i], TRUE);
    assert_each (lines, "by $ALEXNET_CPU_CONV", TRUE);
    path = cache_directory_find ();
    g_assert_cmpstr (path, ==, "");
  }
  g_unsetenv ("ALEXNET_CPU_CONV");
}

/* ---- questions of the test's own ----------------------------------------- */

#define N_QUESTIONS 12 /* more than there is time for when none is answered */

/* A network of one value, and a program that has written it. */
typedef struct {
  OnednnContext context;
  OnednnProgram *program;
  OnednnTuner *tuner;
  guint n_threads; /* that there were before */
} Asker;

static void
asker_init (Asker *self)
{
  g_auto (DnnlDesc) desc = NULL;
  g_autoptr (GError) error = NULL;

  *self = (Asker){ .context = { .type = dnnl_f32 },
    .n_threads = alexnet_onednn_set_threads (1) };
  self->context.weights = alexnet_onednn_weights_new ();
  g_assert_cmpint (dnnl_engine_create (&self->context.engine, dnnl_cpu, 0), ==,
      dnnl_success);
  g_assert_cmpint (dnnl_stream_create (&self->context.stream,
                       self->context.engine, dnnl_stream_default_flags),
      ==, dnnl_success);
  alexnet_onednn_image_desc_new (&desc, 1, &(AlexnetShape){ 1, 1, 1 }, dnnl_f32,
      dnnl_nchw, &error);
  self->program = alexnet_onednn_program_new (&self->context, 1, desc, &error);
  g_assert_no_error (error);
  self->tuner = alexnet_onednn_tuner_new (&self->context);
}

static void
asker_clear (Asker *self)
{
  alexnet_onednn_tuner_free (self->tuner);
  alexnet_onednn_program_free (self->program);
  g_ptr_array_unref (self->context.weights);
  dnnl_stream_destroy (self->context.stream);
  dnnl_engine_destroy (self->context.engine);
  alexnet_onednn_set_threads (self->n_threads);
}

/* As on a machine whose processors are busy with something else: time goes by,
 * and the thread does not have it. */
static gboolean
sleep_instead (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  g_usleep (5000);
  return TRUE;
}

static void
operation_free (OnednnOperation *operation)
{
  g_free (operation);
}

/* `user` has a character for each candidate: 'r' refuses, 'f' fails, 's'
 * sleeps. */
static gboolean
add_candidate (OnednnProgram *program, guint i, gconstpointer user,
    GError **error)
{
  const char *kinds = user;
  OnednnOperation *operation;

  if (kinds[i] != 's') {
    g_set_error (error, ALEXNET_ERROR,
        kinds[i] == 'r' ? ALEXNET_ERROR_UNSUPPORTED : ALEXNET_ERROR_DEVICE,
        "candidate %u", i);
    return FALSE;
  }
  operation = g_new0 (OnednnOperation, 1);
  operation->run = sleep_instead;
  operation->free = operation_free;
  return alexnet_onednn_program_add_operation (program, operation,
      alexnet_onednn_program_get_desc (program), error);
}

static gboolean
ask (Asker *self, const char *kinds, guint *best, GError **error)
{
  OnednnQuestion question = { .layer = "layer",
    .key = kinds,
    .n = (guint) strlen (kinds),
    .names = { "a", "b", "c" },
    .add = add_candidate,
    .user = kinds };

  return alexnet_onednn_tune (self->tuner, self->program, &question, best, NULL,
      error);
}

/* Of candidates that could not be timed, at first because the machine is busy
 * and then because there is no time left, none is chosen that refuses. */
static void
test_untimed (void)
{
  Asker asker;

  asker_init (&asker);
  for (guint i = 0; i < N_QUESTIONS; i++) {
    g_autoptr (GError) error = NULL;
    guint best = 0;

    g_assert_true (ask (&asker, i % 2 ? "rsr" : "rss", &best, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (best, ==, 1);
    g_assert_false (ask (&asker, "rr", &best, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
    g_clear_error (&error);
    g_assert_false (ask (&asker, "rfs", &best, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE);
  }
  asker_clear (&asker);
}

/* What was not timed is not kept, and said. */
static void
test_not_kept (void)
{
  g_autofree char *table = NULL, *path = NULL;
  Asker asker;
  guint best = 2;

  asker_init (&asker);
  g_assert_true (ask (&asker, "ss", &best, NULL));
  g_assert_cmpuint (best, ==, 0);
  table = alexnet_onednn_tuner_get_table (asker.tuner);
  assert_says (table, "not timed");
  asker_clear (&asker);
  path = cache_directory_find ();
  g_assert_cmpstr (path, ==, "");
}

/* ---- the clock ----------------------------------------------------------- */

/* Without asking the kernel for anything. */
static void
be_busy (gpointer user, guint thread, guint n_threads)
{
  volatile guint n = 0;

  while (n < 300000)
    n++;
}

/* Threads have no more than all of the time, however short it is: a clock that
 * learns at the kernel's ticks what other threads have had now and then jumps
 * further. What else the machine does makes no difference. */
static void
test_clock (void)
{
  const guint n_threads = 2;
  guint before = alexnet_onednn_set_threads (n_threads);
  double total = 0;

  for (guint i = 0; i < 200; i++) {
    gint64 begin = g_get_monotonic_time ();
    double milliseconds = alexnet_onednn_get_cpu_time ();

    alexnet_onednn_parallel (be_busy, NULL);
    milliseconds = alexnet_onednn_get_cpu_time () - milliseconds;
    g_assert_cmpfloat (milliseconds, <=,
        n_threads * (double) (g_get_monotonic_time () - begin + 1) / 1e3);
    total += milliseconds;
  }
  g_assert_cmpfloat (total, >, 0);
  alexnet_onednn_set_threads (before);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/onednn-tune/timed", test_timed);
  g_test_add_func ("/onednn-tune/isa", test_isa);
  g_test_add_func ("/onednn-tune/isa/avx2/subprocess", test_isa_of_avx2);
  g_test_add_func ("/onednn-tune/kept", test_kept);
  g_test_add_func ("/onednn-tune/used", test_used);
  g_test_add_func ("/onednn-tune/source", test_source);
  g_test_add_func ("/onednn-tune/damaged", test_damaged);
  g_test_add_func ("/onednn-tune/threads", test_threads);
  g_test_add_func ("/onednn-tune/forced", test_forced);
  g_test_add_func ("/onednn-tune/untimed", test_untimed);
  g_test_add_func ("/onednn-tune/not-kept", test_not_kept);
  g_test_add_func ("/onednn-tune/clock", test_clock);
  return cache_directory_run ();
}
