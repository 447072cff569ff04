/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef CASES_H
#define CASES_H

#include <glib.h>

/* Adds PREFIX/0, PREFIX/1, ... for the elements of an array, which the test
 * gets the address of. */
#define ADD_CASES(prefix, cases, func)                         \
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {           \
    g_autofree char *path = g_strdup_printf (prefix "/%u", i); \
                                                               \
    g_test_add_data_func (path, &cases[i], func);              \
  }

/* The same of structs that have a `name`: PREFIX/name. */
#define ADD_NAMED_CASES(prefix, cases, func)                               \
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {                       \
    g_autofree char *path = g_strconcat (prefix "/", cases[i].name, NULL); \
                                                                           \
    g_test_add_data_func (path, &cases[i], func);                          \
  }

#endif /* CASES_H */
