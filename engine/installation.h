/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where folders of the installation lie. What was installed below a prefix may
 * have been moved as a whole: staged, unpacked elsewhere, linked to by stow. */

#ifndef ALEXNET_INSTALLATION_H
#define ALEXNET_INSTALLATION_H

#include <glib.h>

G_BEGIN_DECLS

/* Where `folder` lies, which is absolute or below the prefix: the prefix that
 * this library lies in, links resolved, when the folder is there, else the
 * configured one. To be freed. Thread-safety: any thread. */
char *alexnet_find_installed (const char *folder);

G_END_DECLS

#endif /* ALEXNET_INSTALLATION_H */
