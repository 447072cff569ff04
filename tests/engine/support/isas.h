/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests that run with one instruction set after the other. */

#ifndef ISAS_H
#define ISAS_H

#include "cpu.h"

G_BEGIN_DECLS

/* Adds PREFIX/NAME/ISA for each AlexnetIsa that this CPU has; the test gets it
 * by GPOINTER_TO_INT(). */
void isas_add_tests (const char *prefix, const char *name, GTestDataFunc func);

/* What is made from now on uses `isa`. */
void isas_use (AlexnetIsa isa);

G_END_DECLS

#endif /* ISAS_H */
