/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef DATA_PATH_H
#define DATA_PATH_H

#include <glib.h>

/* The path of a file in tests/data: data_path (FOLDER..., NAME). g_free() it.
 */
#define data_path(...) \
  g_build_filename (g_getenv ("ALEXNET_TEST_DATA"), __VA_ARGS__, NULL)

#endif /* DATA_PATH_H */
