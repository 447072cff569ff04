/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXIT_USAGE 2

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
  puts ("\nalexnet-inspect COMMAND --help says more about each.\n\n"
        "Exits with 1 when something failed, with 2 when the command line is\n"
        "wrong.");
}

static gboolean
run (int argc, char **argv, GError **error)
{
  if (argc < 2) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "a command is missing");
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
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "there is no command '%s'", argv[1]);
  return FALSE;
}

/* At the end, also of --help, at which GOption exits. What is printed may go to
 * a full disk, of which the first to know may be an earlier line. */
static void
check_stdout (void)
{
  errno = 0;
  if (fflush (stdout) == 0 && !ferror (stdout))
    return;
  inspect_print (stderr, "alexnet-inspect: cannot write to standard output: %s",
      errno ? g_strerror (errno) : "an earlier line was lost");
  _exit (EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_CTYPE, "");
  g_set_prgname ("alexnet-inspect");
  atexit (check_stdout);
  if (run (argc, argv, &error))
    return EXIT_SUCCESS;
  if (error && error->domain == G_OPTION_ERROR) {
    inspect_print (stderr, "alexnet-inspect: %s; see %s --help", error->message,
        g_get_prgname ());
    return EXIT_USAGE;
  }
  if (error)
    inspect_print (stderr, "alexnet-inspect: %s", error->message);
  return EXIT_FAILURE;
}
