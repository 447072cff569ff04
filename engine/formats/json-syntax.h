/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What JSON is, by RFC 8259 and no more. Versions of json-glib take various
 * other texts (comments, single quotes, octal escapes, hexadecimal numbers,
 * `var x =`), change numbers beyond 64 bits, end strings at \u0000, and recurse
 * and allocate as a text tells them to. */

#ifndef ALEXNET_JSON_SYNTAX_H
#define ALEXNET_JSON_SYNTAX_H

#include <glib.h>

G_BEGIN_DECLS

/* Looks through a text that is valid UTF-8 without recursion or allocation.
 * FORMAT, with `what` as the subject and the byte, when it is not JSON, nests
 * deeper or holds more values than a model file has use for, or holds what
 * json-glib cannot: \u0000, half of a surrogate pair, or a number that is not
 * finite as a double or, written without fraction and exponent, needs more than
 * 64 bits. */
gboolean alexnet_json_check_syntax (const char *text, gsize size,
    const char *what, GError **error);

G_END_DECLS

#endif /* ALEXNET_JSON_SYNTAX_H */
