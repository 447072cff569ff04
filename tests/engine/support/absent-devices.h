/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* GPUs that are not there, for which cuDNN plans all the same: those of
 * tests/data/devices.json. What it offers for each is compared with tables of
 * tests/data, whose rows are version of cuDNN, device, and fields.
 *
 * cuDNN gives empty lists when nothing answers as libcuda.so.1. The toolkit's
 * stub does, in a private folder on the library path of this process alone:
 * that is why the program starts itself again. */

#ifndef ABSENT_DEVICES_H
#define ABSENT_DEVICES_H

#include "cudnn/handle.h"

G_BEGIN_DECLS

typedef struct {
  AlexnetCudnn cudnn;
  char *name;
  guint capability; /* 10 * major + minor */
} AbsentDevice;

/* `id` is one of absent_devices_list(). */
void absent_device_open (AbsentDevice *device, const char *id);
void absent_device_close (AbsentDevice *device);

/* The caller frees it with g_list_free_full() and g_free(). */
GList *absent_devices_list (void);

/* Of the cuDNN that was found: "9.19.0". The caller frees it. */
char *absent_devices_get_version (void);

/* Field `i` of the row of a device in a table, for this version of cuDNN; NULL
 * when there is none. The caller frees it. */
char *absent_devices_find_field (const char *table, const char *id, guint i);

/* Fails the test when that is another one; says so when there is none. */
void absent_devices_check_field (const char *table, const char *id, guint i,
    const char *found);

/* The main function: add_tests(), the tests, print_results(). Where cuDNN
 * cannot plan there is one test, `path`, which is skipped. */
int absent_devices_main (int argc, char **argv, const char *path,
    void (*add_tests) (void), void (*print_results) (void));

G_END_DECLS

#endif /* ABSENT_DEVICES_H */
