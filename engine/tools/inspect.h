/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* alexnet-inspect: one file a command. The tool knows only alexnet.h. */

#ifndef ALEXNET_INSPECT_H
#define ALEXNET_INSPECT_H

#include <alexnet.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <stdio.h>

G_BEGIN_DECLS

/* A command reads its own options and arguments (argv[0] is its name), prints
 * its result to stdout, and fails with the one line that the user shall see. A
 * command that has said all itself fails without setting the error. An error of
 * GOption's domain is one of the command line. */
typedef gboolean (*InspectCommand) (int argc, char **argv, GError **error);

gboolean inspect_summary (int argc, char **argv, GError **error);
gboolean inspect_check (int argc, char **argv, GError **error);
gboolean inspect_classify (int argc, char **argv, GError **error);
gboolean inspect_convert (int argc, char **argv, GError **error);
gboolean inspect_calibrate (int argc, char **argv, GError **error);
gboolean inspect_bench (int argc, char **argv, GError **error);

/* Options that name an engine; zero-initialise. */
typedef struct {
  char *backend, *precision;
  int threads;
  char *backend_help;           /* lives as long as the option context */
} InspectEngineOptions;

void inspect_engine_options_add (GOptionContext *context,
    InspectEngineOptions *options);
void inspect_engine_options_clear (InspectEngineOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (InspectEngineOptions,
    inspect_engine_options_clear)

AlexnetEngine *inspect_get_engine (AlexnetModel *model,
    const InspectEngineOptions *options, guint max_batch_size, GError **error);

/* Options that say what of a file is the model; zero-initialise. */
typedef struct {
  char *part, *architecture, *labels, *mean;
} InspectModelOptions;

void inspect_model_options_add (GOptionContext *context,
    InspectModelOptions *options);
void inspect_model_options_clear (InspectModelOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (InspectModelOptions,
    inspect_model_options_clear)

/* The model at `path`, or the default one when that is NULL; then says which
 * files were passed over. */
AlexnetModel *inspect_load_model (const char *path,
    const InspectModelOptions *options, GError **error);

/* Leaves the command and its arguments; fails unless there are as many as the
 * bounds say. */
gboolean inspect_parse (GOptionContext *context, int *argc, char **argv,
    int least, int most, GError **error);

/* Fails unless there is a file to write to. */
gboolean inspect_check_output (const char *output, GError **error);

/* Prints what names, labels or messages are part of as one line. Their control
 * characters, and bytes that are no UTF-8, come as g_strescape() writes them.
 */
G_GNUC_PRINTF (2, 3)
void inspect_print (FILE *stream, const char *format, ...);

/* The same to stdout of a text that has lines of its own. */
void inspect_print_lines (const char *text);

/* Draws a bar on stderr when that is a terminal and the work has taken more
 * than a second; end wipes it. */
typedef struct {
  gint64 begin, drawn;
} InspectProgress;

void inspect_progress_begin (InspectProgress *progress);
void inspect_progress_update (InspectProgress *progress, double fraction);
void inspect_progress_end (InspectProgress *progress);

/* Pixels of a file, turned as its EXIF orientation says, and `image` that
 * points into them; FORMAT, also for one that is cut short. What else is
 * damaged in a JPEG is said on standard error, where `progress` makes room. */
GdkPixbuf *inspect_load_image (const char *path, InspectProgress *progress,
    AlexnetImage *image, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetModel, alexnet_model_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetEngine, alexnet_engine_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetCalibration, alexnet_calibration_free)

G_END_DECLS

#endif /* ALEXNET_INSPECT_H */
