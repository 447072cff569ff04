/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The small ONNX and Caffe files of tests/data, each with a list of the
 * probabilities that its framework computes (generate_onnx_files.py and
 * generate_caffe_files.py there). */

#ifndef GRAPH_FILES_H
#define GRAPH_FILES_H

#include "formats/formats.h"

G_BEGIN_DECLS

typedef gboolean (*GraphFilesReader) (AlexnetModelSource *source,
    AlexnetFile *file, GError **error);

/* tests/data/FOLDER/NAME; g_free() it. */
char *graph_files_path (const char *folder, const char *name);

/* What `read` makes of a file; NULL and an error when it refuses it. */
AlexnetModelSource *graph_files_read (GraphFilesReader read, const char *path,
    GError **error);

/* The same of bytes, which are freed. */
AlexnetModelSource *graph_files_read_bytes (GraphFilesReader read,
    GByteArray *bytes, GError **error);

/* A table of layers, a line each: "conv1: conv 11/4+0+0 g1 [4,54,54]" is of
 * kernel 11, stride 4, padding 0 before and 0 behind, one group and this
 * output. g_free() it. */
char *graph_files_describe (const AlexnetNetwork *network);

/* Runs the backend "reference" on the formula's input and compares with the
 * line of NAME in tests/data/FOLDER/expected.txt. */
void graph_files_assert_probabilities (const AlexnetNetwork *network,
    const char *folder, const char *name);

typedef gboolean (*GraphFilesDetector) (const guint8 *head, gsize size,
    guint64 file_size);

/* That tests/data/FOLDER/NAME is recognised, by few of its first bytes too. */
void graph_files_assert_detected (GraphFilesDetector detect, const char *folder,
    const char *name);

/* That a file is refused in one line of UTF-8 that says `expected`, within
 * 2 seconds and 256 MB. */
void graph_files_assert_refused (GraphFilesReader read, GByteArray *bytes,
    const char *expected);

/* The parts of messages in protobuf's wire format. */
void graph_files_put_int (GByteArray *bytes, guint number, guint64 value);
void graph_files_put_float (GByteArray *bytes, guint number, float value);
void graph_files_put_bytes (GByteArray *bytes, guint number, const void *data,
    gsize size);
void graph_files_put_text (GByteArray *bytes, guint number, const char *text);

/* A message or packed numbers, which are freed. */
void graph_files_put_message (GByteArray *bytes, guint number,
    GByteArray *message);

G_END_DECLS

#endif /* GRAPH_FILES_H */
