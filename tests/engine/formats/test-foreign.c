/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What users give instead of a model file is named, and what to do. */

#include <string.h>

#include "model/model.h"
#include "support/cases.h"

typedef struct {
  const char *name, *head;
  gsize offset; /* of the head in a file of a few hundred bytes */
  const char *message;
} Case;

static const Case cases[] = {
  { "lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", 0,
      "foreign: the file is a pointer of Git LFS and not the file itself; `git "
      "lfs pull` fetches that" },
  { "html", "<!DOCTYPE html><html>", 0,
      "foreign: the file is a web page; download the file itself" },
  { "gzip", "\x1f\x8b\x08", 0,
      "foreign: the file is packed with gzip; unpack it first" },
  { "hdf5", "\x89HDF\r\n\x1a\n", 0,
      "foreign: the file is HDF5, as Keras and Caffe write weights without "
      "their network; save a .caffemodel (snapshot_format: BINARYPROTO) or "
      "ONNX" },
  { "pickle", "\x80\x04\x95\x10", 0,
      "foreign: the file is a bare pickle; save what is in it with "
      "torch.save(), or as ONNX" },
  { "pickle/old", "\x80\x02}q", 0,
      "foreign: the file is a bare pickle; save what is in it with "
      "torch.save(), or as ONNX" },
  { "tar", "ustar", 257,
      "foreign: the file is a tar archive; unpack it first" },
  { "tflite", "TFL3", 4,
      "foreign: the file is a TensorFlow Lite model; convert it to ONNX" },
  { "saved-model", "\x08\x01\x12\x7f", 0,
      "foreign: the file is a SavedModel of TensorFlow; convert it to ONNX" },
};

static void
assert_refused (GBytes *bytes, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_model_new_from_bytes (bytes, "foreign", NULL, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  char text[512] = { 0 };
  g_autoptr (GBytes) bytes = NULL;

  memcpy (text + c->offset, c->head, strlen (c->head));
  bytes = g_bytes_new (text, sizeof text);
  assert_refused (bytes, c->message);
}

static void
test_empty (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("", 0);

  assert_refused (bytes, "foreign: the file is empty");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/foreign", cases, test_case);
  g_test_add_func ("/foreign/empty", test_empty);
  return g_test_run ();
}
