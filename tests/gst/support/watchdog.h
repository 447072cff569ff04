/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ends a test that hangs, and shows where: every thread's stack goes to
 * stderr, from gdb where it is installed and allowed to attach, else from each
 * thread itself. The limit is four minutes, or $ALEXNET_TEST_WATCHDOG seconds;
 * it must be less than CK_DEFAULT_TIMEOUT. */

#ifndef ALEXNET_TEST_WATCHDOG_H
#define ALEXNET_TEST_WATCHDOG_H

#include <glib.h>

/* From here to there is one test. */
void test_watchdog_start (void);
void test_watchdog_stop (void);

#endif /* ALEXNET_TEST_WATCHDOG_H */
