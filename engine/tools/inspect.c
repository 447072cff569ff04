/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
  const char *name, *help;
  InspectCommand run;
} commands[] = {
  { "summary", "table of layers, output shapes and parameters",
      inspect_summary },
  { "check", "load a model file, describe it, and run it once", inspect_check },
  { "classify", "what is in images", inspect_classify },
  { "convert", "write a model file of any kind as one safetensors file",
      inspect_convert },
  { "calibrate", "make a copy of a model that can be run in int8",
      inspect_calibrate },
  { "bench", "frames a second by batch size", inspect_bench },
};

static void
print_help (void)
{
  puts ("Usage:\n  alexnet-inspect COMMAND [OPTION...] [ARGUMENT...]\n\n"
        "Looks at AlexNet model files and what they make of images.\n\n"
        "Commands:");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    printf ("  %-10s %s\n", commands[i].name, commands[i].help);
  puts ("\nalexnet-inspect COMMAND --help says more about each.");
}

static gboolean
run (int argc, char **argv, GError **error)
{
  if (argc < 2) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "which command? alexnet-inspect --help lists them");
    return FALSE;
  }
  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h")) {
    print_help ();
    return TRUE;
  }
  if (g_str_equal (argv[1], "--version")) {
    puts ("alexnet-inspect " PACKAGE_VERSION);
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_autofree char *name = NULL;

    if (!g_str_equal (argv[1], commands[i].name))
      continue;
    name = g_strconcat ("alexnet-inspect ", argv[1], NULL);
    g_set_prgname (name);
    return commands[i].run (argc - 1, argv + 1, error);
  }
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "there is no command '%s'; alexnet-inspect --help lists them", argv[1]);
  return FALSE;
}

/* What is printed may go to a full disk, of which the first to know may be an
 * earlier line. */
static gboolean
finish (GError **error)
{
  errno = 0;
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "cannot write to standard output: %s",
      errno ? g_strerror (errno) : "an earlier line was lost");
  return FALSE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_CTYPE, "");
  if (run (argc, argv, &error) && finish (&error))
    return EXIT_SUCCESS;
  if (error)
    inspect_print (stderr, "alexnet-inspect: %s", error->message);
  return EXIT_FAILURE;
}
