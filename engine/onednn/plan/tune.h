/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which of several ways to compute a layer is the fastest on this CPU. What
 * was timed once is kept between runs (plan-cache.h), for this CPU, library
 * version, number of threads and precision. Where the machine is too busy to
 * time anything, the first candidate that does not refuse is taken, which is
 * the one that should be best, and nothing kept.
 *
 * A variable of the environment, a list of candidates' names between blanks,
 * decides without timing wherever a candidate's name is in it:
 * $ALEXNET_CPU_CONV for convolutions, $ALEXNET_CPU_LINEAR for linear layers,
 * $ALEXNET_CPU_TRUNK for all layers of a trunk together.
 * They are for tests and for looking into a suspected fault. */

#ifndef ALEXNET_ONEDNN_TUNE_H
#define ALEXNET_ONEDNN_TUNE_H

#include "onednn/step/program.h"

G_BEGIN_DECLS

#define ONEDNN_MAX_CANDIDATES 8

/* Appends the steps of candidate `i`. */
typedef gboolean (*OnednnCandidateFunc) (OnednnProgram *program, guint i,
    gconstpointer user, GError **error);

typedef struct {
  const char *layer; /* its name, for the table */
  const char *key;   /* everything that the answer depends on */
  guint n;           /* candidates, 1..ONEDNN_MAX_CANDIDATES */
  const char *names[ONEDNN_MAX_CANDIDATES]; /* without blanks; the one that
                                               should be best comes first */
  double leads[ONEDNN_MAX_CANDIDATES]; /* another must be so many times as fast
                                          to be better; 0: 1 */
  const char *variable;                /* that decides, or NULL */
  OnednnCandidateFunc add;
  gconstpointer user;
} OnednnQuestion;

/* The context's engine, stream, network and type are set and outlive the
 * tuner; the calling thread has its number of threads. */
OnednnTuner *alexnet_onednn_tuner_new (const OnednnContext *context);

/* Keeps what is new. Accepts NULL. */
void alexnet_onednn_tuner_free (OnednnTuner *tuner);

/* Writes the fastest way to go on behind `program` to `best`, and how many
 * milliseconds it takes to `time`: 0 where the variable decided, NAN where it
 * is not known; may be NULL. A candidate that fails with UNSUPPORTED is passed
 * over; UNSUPPORTED when all do. */
gboolean alexnet_onednn_tune (OnednnTuner *tuner, const OnednnProgram *program,
    const OnednnQuestion *question, guint *best, double *time, GError **error);

/* What was asked so far, a line each: layer, batch, what was chosen, and of
 * every candidate the instruction set that it ran on
 * (alexnet_onednn_program_get_isa()) and its milliseconds, as in
 * "direct[vnni]=1.234"; "[-]=0.000" is one that refused. The caller frees
 * it. */
char *alexnet_onednn_tuner_get_table (const OnednnTuner *tuner);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_TUNE_H */
