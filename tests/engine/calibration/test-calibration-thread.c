/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the fastest backend in float does to the thread that calibrates. */

#include <sys/wait.h>
#include <unistd.h>

#include "alexnet.h"
#include "support/models.h"

static AlexnetModel *
load (void)
{
  g_autofree char *path = models_path ("torchvision-narrow.safetensors");

  return models_load (path);
}

static void
calibrate (AlexnetModel *model)
{
  g_autoptr (GError) error = NULL;
  AlexnetCalibration *calibration = alexnet_calibration_new (model, &error);
  guint8 pixels[MODELS_SIDE * MODELS_SIDE * 3];
  AlexnetImage image = models_make_image (pixels, 0);

  g_assert_no_error (error);
  alexnet_calibration_add (calibration, &image, &error);
  g_assert_no_error (error);
  alexnet_calibration_free (calibration);
}

/* A denormal that comes of two numbers which are none. */
static float
multiply (void)
{
  volatile float factor = 0x1p-70f;

  return factor * factor;
}

/* A denormal that is read. */
static float
read_denormal (void)
{
  volatile float denormal = 0x1p-140f;

  return denormal * 0x1p+100f;
}

static void
test_denormals (void)
{
  AlexnetModel *model = load ();

  g_assert_cmpfloat (multiply (), ==, 0x1p-140f);
  g_assert_cmpfloat (read_denormal (), ==, 0x1p-40f);
  calibrate (model);
  g_assert_cmpfloat (multiply (), ==, 0x1p-140f);
  g_assert_cmpfloat (read_denormal (), ==, 0x1p-40f);
  alexnet_model_unref (model);
}

/* The helpers that the parent has on several processors are not there. */
static void
test_fork (void)
{
  AlexnetModel *model = load ();
  int status;
  pid_t pid;

  calibrate (model);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    alarm (120);
    calibrate (model);
    _exit (0);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  alexnet_model_unref (model);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/calibration-thread/denormals", test_denormals);
  g_test_add_func ("/calibration-thread/fork", test_fork);
  return g_test_run ();
}
