/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/plan-cache.h"
#include "cpu.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/step/weights.h"

/* Goes up when a candidate's code changes so much that old times mislead. */
#define VERSION 5

/* Candidates are run in turn, so that each finds its weights as far away as it
 * will in the network, between all others; until each has so many times that
 * count, or after so many rounds. */
#define N_TIMES 3
#define MAX_ROUNDS 10

/* A time counts when all threads ran for this part of it. Others tell how busy
 * the machine is with something else, and would be kept for good. */
#define LEAST_SHARE 0.8

/* One that has needed so many times the best is not run again. */
#define HOPELESS 1.4

/* Microseconds for all questions together; each that could not be answered
 * costs a part more, since the next ones will fare no better. What is left
 * is timed when the next engine is made. */
#define BUDGET G_USEC_PER_SEC
#define FAILURE_COST (BUDGET / 8)

#define REFUSED 0

struct _OnednnTuner {
  OnednnContext context; /* of trial programs */
  gsize sizes[ONEDNN_N_BUFFERS];
  void *src, *dst;
  gsize src_size, dst_size;
  AlexnetPlanCache *cache;
  GString *table;
  gint64 spent; /* of BUDGET */
};

/* The trial programs of one question. */
typedef struct {
  guint n;
  OnednnProgram *programs[ONEDNN_MAX_CANDIDATES]; /* NULL: refused */
  guint n_times[ONEDNN_MAX_CANDIDATES];
  double times[ONEDNN_MAX_CANDIDATES]; /* least, in milliseconds, or REFUSED */
} Trial;

static void
trial_clear (Trial *trial)
{
  for (guint i = 0; i < trial->n; i++)
    alexnet_onednn_program_free (trial->programs[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Trial, trial_clear)

/* The value of the first line of /proc/cpuinfo that begins with `field`. */
static char *
find_cpu_field (const char *info, const char *field)
{
  const char *line = strstr (info, field);
  const char *colon = line ? strchr (line, ':') : NULL;

  return colon ? g_strndup (colon + 1, strcspn (colon + 1, "\n")) : NULL;
}

static char *
get_cpu_name (void)
{
  static const char *const fields[] = { "model name", "CPU part" };
  g_autofree char *info = NULL;
  char *name = NULL;

  if (g_file_get_contents ("/proc/cpuinfo", &info, NULL, NULL))
    for (guint i = 0; i < G_N_ELEMENTS (fields) && !name; i++)
      name = find_cpu_field (info, fields[i]);
  return g_strstrip (name ? name : g_strdup ("unknown"));
}

static char *
make_identity (const OnednnContext *context)
{
  const dnnl_version_t *version = dnnl_version ();
  g_autofree char *cpu = get_cpu_name ();

  return g_strdup_printf ("%d; CPU %s; %s, %s; oneDNN %d.%d.%d; %u threads; %s",
      VERSION, cpu, dnnl_cpu_isa2str (dnnl_get_effective_cpu_isa ()),
      alexnet_isa_name (alexnet_cpu_isa ()), version->major, version->minor,
      version->patch, alexnet_onednn_get_threads (),
      dnnl_dt2str (context->type));
}

OnednnTuner *
alexnet_onednn_tuner_new (const OnednnContext *context)
{
  OnednnTuner *self = g_new0 (OnednnTuner, 1);
  g_autofree char *identity = make_identity (context);

  self->context = *context;
  self->context.weights = alexnet_onednn_weights_new ();
  self->context.trial = TRUE;
  self->context.tuner = NULL;
  memset (self->context.sizes, 0, sizeof self->context.sizes);
  memset (self->context.buffers, 0, sizeof self->context.buffers);
  self->cache = alexnet_plan_cache_open ("onednn", identity);
  self->table = g_string_new (NULL);
  return self;
}

void
alexnet_onednn_tuner_free (OnednnTuner *tuner)
{
  if (!tuner)
    return;
  for (guint i = 0; i < ONEDNN_N_BUFFERS; i++)
    free (tuner->context.buffers[i]);
  free (tuner->src);
  free (tuner->dst);
  g_ptr_array_unref (tuner->context.weights);
  alexnet_plan_cache_close (tuner->cache);
  g_string_free (tuner->table, TRUE);
  g_free (tuner);
}

char *
alexnet_onednn_tuner_get_table (const OnednnTuner *tuner)
{
  return g_strdup (tuner->table->str);
}

static gboolean
reserve (void **data, gsize *size, gsize wanted, GError **error)
{
  if (*data && *size >= wanted)
    return TRUE;
  free (*data);
  *size = wanted;
  *data = alexnet_onednn_alloc (wanted, error);
  return *data != NULL;
}

/* A program that reads what `program` has written so far. */
static OnednnProgram *
make_trial_program (OnednnTuner *tuner, const OnednnProgram *program,
    const OnednnQuestion *question, guint i, GError **error)
{
  DnnlDesc src = alexnet_onednn_program_get_desc (program);
  OnednnProgram *made = alexnet_onednn_program_new (&tuner->context,
      alexnet_onednn_program_get_batch (program), src, error);
  DnnlDesc dst;

  if (made && question->add (made, i, question->user, error)) {
    dst = alexnet_onednn_program_get_desc (made);
    if (alexnet_onednn_program_finish (made, dst, error) &&
        reserve (&tuner->src, &tuner->src_size, dnnl_memory_desc_get_size (src),
            error) &&
        reserve (&tuner->dst, &tuner->dst_size, dnnl_memory_desc_get_size (dst),
            error))
      return made;
  }
  alexnet_onednn_program_free (made);
  return NULL;
}

/* Those of the first `n_wanted` candidates that do not refuse; `first` is the
 * first of them. */
static gboolean
make_trial_programs (OnednnTuner *tuner, const OnednnProgram *program,
    const OnednnQuestion *question, guint n_wanted, Trial *trial, guint *first,
    GError **error)
{
  g_autoptr (GError) refusal = NULL;
  guint n_made = 0;

  for (guint i = 0; i < question->n && n_made < n_wanted; i++) {
    g_clear_error (&refusal);
    trial->programs[i] = make_trial_program (tuner, program, question, i,
        &refusal);
    if (trial->programs[i]) {
      if (n_made++ == 0)
        *first = i;
    } else if (!g_error_matches (refusal, ALEXNET_ERROR,
                   ALEXNET_ERROR_UNSUPPORTED)) {
      g_propagate_error (error, g_steal_pointer (&refusal));
      return FALSE;
    }
  }
  if (n_made > 0)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

static gboolean
attach_trial (OnednnTuner *tuner, const Trial *trial, GError **error)
{
  OnednnContext *context = &tuner->context;

  for (guint i = 0; i < ONEDNN_N_BUFFERS; i++)
    if (!reserve (&context->buffers[i], &tuner->sizes[i], context->sizes[i],
            error))
      return FALSE;
  for (guint i = 0; i < trial->n; i++)
    if (trial->programs[i] &&
        !alexnet_onednn_program_attach (trial->programs[i], error))
      return FALSE;
  return TRUE;
}

/* Of those that have a time; n when none has. */
static guint
find_fastest (const double *times, guint n)
{
  guint best = n;

  for (guint i = 0; i < n; i++)
    if (times[i] != REFUSED && (best == n || times[i] < times[best]))
      best = i;
  return best;
}

static gboolean
run_once (const OnednnTuner *tuner, Trial *trial, guint i, GError **error)
{
  double cpu_time = alexnet_onednn_get_cpu_time (), time;
  gint64 begin = g_get_monotonic_time ();

  if (!alexnet_onednn_program_run (trial->programs[i], tuner->src, tuner->dst,
          error))
    return FALSE;
  time = (double) MAX (g_get_monotonic_time () - begin, 1) / 1e3;
  cpu_time = alexnet_onednn_get_cpu_time () - cpu_time;
  if (cpu_time < LEAST_SHARE * time * alexnet_onednn_get_threads ())
    return TRUE;
  if (trial->n_times[i]++ == 0 || time < trial->times[i])
    trial->times[i] = time;
  return TRUE;
}

static gboolean
is_open (const Trial *trial, guint i)
{
  guint best = find_fastest (trial->times, trial->n);

  return trial->programs[i] && trial->n_times[i] < N_TIMES &&
      (trial->n_times[i] == 0 ||
          trial->times[i] < HOPELESS * trial->times[best]);
}

static gboolean
run_rounds (OnednnTuner *tuner, Trial *trial, gint64 begin, GError **error)
{
  for (guint round = 0; round < MAX_ROUNDS; round++)
    for (guint i = 0; i < trial->n; i++)
      if (is_open (trial, i) &&
          tuner->spent + g_get_monotonic_time () - begin < BUDGET &&
          !run_once (tuner, trial, i, error))
        return FALSE;
  return TRUE;
}

/* "direct[avx2]=1.234 F(4x4,3x3)[avx2]=0.567" */
static char *
format_times (const OnednnQuestion *question, const Trial *trial)
{
  GString *text = g_string_new (NULL);
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  for (guint i = 0; i < question->n; i++)
    g_string_append_printf (text, "%s%s[%s]=%s", i > 0 ? " " : "",
        question->names[i],
        trial->programs[i] ? alexnet_onednn_program_get_isa (trial->programs[i])
                           : "-",
        g_ascii_formatd (number, sizeof number, "%.3f", trial->times[i]));
  return g_string_free (text, FALSE);
}

/* `text` is set unless some candidate's time could not be found or there is no
 * more time to find any; `first` is the first that can be made. */
static gboolean
time_candidates (OnednnTuner *tuner, const OnednnProgram *program,
    const OnednnQuestion *question, char **text, guint *first, GError **error)
{
  gboolean in_budget = tuner->spent < BUDGET, all = TRUE;
  g_auto (Trial) trial = { .n = question->n };
  gint64 begin = g_get_monotonic_time ();

  if (!make_trial_programs (tuner, program, question,
          in_budget ? question->n : 1, &trial, first, error))
    return FALSE;
  if (!in_budget)
    return TRUE;
  if (!attach_trial (tuner, &trial, error) ||
      !run_rounds (tuner, &trial, begin, error))
    return FALSE;
  for (guint i = 0; i < trial.n; i++)
    all = all && (!trial.programs[i] || trial.n_times[i] > 0);
  if (all)
    *text = format_times (question, &trial);
  tuner->spent += g_get_monotonic_time () - begin + (all ? 0 : FAILURE_COST);
  return TRUE;
}

/* "NAME[ISA]=TIME" */
static gboolean
parse_time (const char *text, const char *name, double *time)
{
  gsize length = strlen (name);
  const char *number;
  char *end;

  if (!g_str_has_prefix (text, name) || text[length] != '[')
    return FALSE;
  number = strstr (text + length, "]=");
  if (!number)
    return FALSE;
  *time = g_ascii_strtod (number + 2, &end);
  return end > number + 2 && !*end && *time >= 0;
}

/* FALSE unless `text` is what format_times() makes of these candidates. */
static gboolean
parse_times (const char *text, const OnednnQuestion *question, double *times)
{
  g_auto (GStrv) parts = g_strsplit (text, " ", -1);

  if (g_strv_length (parts) != question->n)
    return FALSE;
  for (guint i = 0; i < question->n; i++)
    if (!parse_time (parts[i], question->names[i], &times[i]))
      return FALSE;
  return find_fastest (times, question->n) < question->n;
}

/* With what the others must be ahead by. n when no candidate has a time. */
static guint
find_best (const OnednnQuestion *question, const double *times)
{
  double weighted[ONEDNN_MAX_CANDIDATES];

  for (guint i = 0; i < question->n; i++)
    weighted[i] = question->leads[i] > 0 ? times[i] / question->leads[i]
                                         : times[i];
  return find_fastest (weighted, question->n);
}

/* Keeps what is found in `text`, for the table, and `times`; else `first` is
 * the first candidate that can be made. */
static gboolean
find_times (OnednnTuner *tuner, const OnednnProgram *program,
    const OnednnQuestion *question, char **text, double *times, guint *first,
    GError **error)
{
  gboolean done = time_candidates (tuner, program, question, text, first,
      error);

  g_ptr_array_set_size (tuner->context.weights, 0);
  if (!done)
    return FALSE;
  if (*text && parse_times (*text, question, times))
    alexnet_plan_cache_set (tuner->cache, question->key, *text);
  else if (!*text)
    *text = g_strdup ("not timed: too little time, or the machine was busy");
  return TRUE;
}

static gboolean
is_forced (const OnednnQuestion *question, guint *best)
{
  const char *value = question->variable ? g_getenv (question->variable) : NULL;
  g_auto (GStrv) names = g_strsplit (value ? value : "", " ", -1);

  for (guint i = 0; i < question->n; i++)
    if (g_strv_contains ((const char *const *) names, question->names[i])) {
      *best = i;
      return TRUE;
    }
  return FALSE;
}

static void
add_row (OnednnTuner *tuner, const OnednnProgram *program,
    const OnednnQuestion *question, guint best, const char *times)
{
  g_string_append_printf (tuner->table, "%-12s %5u  %-13s %s\n",
      question->layer, alexnet_onednn_program_get_batch (program),
      question->names[best], times);
}

/* From the cache, or by the clock: `times` stay 0 where it cannot tell, and
 * `best` is what can be made. */
static gboolean
answer (OnednnTuner *tuner, const OnednnProgram *program,
    const OnednnQuestion *question, guint *best, double *times, GError **error)
{
  const char *known = alexnet_plan_cache_get (tuner->cache, question->key);
  g_autofree char *text = NULL;
  guint fastest, first = 0;

  if (!known || !parse_times (known, question, times)) {
    memset (times, 0, ONEDNN_MAX_CANDIDATES * sizeof *times);
    if (!find_times (tuner, program, question, &text, times, &first, error))
      return FALSE;
    known = text;
  }
  fastest = find_best (question, times);
  *best = fastest < question->n ? fastest : first;
  add_row (tuner, program, question, *best, known);
  return TRUE;
}

gboolean
alexnet_onednn_tune (OnednnTuner *tuner, const OnednnProgram *program,
    const OnednnQuestion *question, guint *best, double *time, GError **error)
{
  double times[ONEDNN_MAX_CANDIDATES] = { 0 };
  gboolean forced = is_forced (question, best);
  g_autofree char *text = NULL;

  if (forced) {
    text = g_strconcat ("by $", question->variable, NULL);
    add_row (tuner, program, question, *best, text);
  } else if (!answer (tuner, program, question, best, times, error)) {
    return FALSE;
  }
  if (time)
    *time = forced || times[*best] != REFUSED ? times[*best] : (double) NAN;
  return TRUE;
}
