/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "formats.h"

#include <string.h>

#define MAGIC(text) text, sizeof (text) - 1

/* As pickle.dump() writes it, and PaddlePaddle its .pdparams; not the number
 * that an older file of PyTorch begins with. */
#define PICKLE "a bare pickle; save what is in it with torch.save(), or as ONNX"

/* What people have by mistake, by the bytes at an offset. */
static const struct {
  gsize offset;
  const char *magic;
  gsize size;
  const char *what;
} kinds[] = {
  { 0, MAGIC ("version https://git-lfs"),
      "a pointer of Git LFS and not the file itself; `git lfs pull` fetches "
      "that" },
  { 0, MAGIC ("<!DOCTYPE"), "a web page; download the file itself" },
  { 0, MAGIC ("<!doctype"), "a web page; download the file itself" },
  { 0, MAGIC ("<html"), "a web page; download the file itself" },
  { 0, MAGIC ("<HTML"), "a web page; download the file itself" },
  { 0, MAGIC ("<?xml"), "XML; weights lie in another file" },
  { 0, MAGIC ("\x1f\x8b"), "packed with gzip; unpack it first" },
  { 0, MAGIC ("BZh"), "packed with bzip2; unpack it first" },
  { 0,
      MAGIC ("\xfd"
             "7zXZ"),
      "packed with xz; unpack it first" },
  { 0, MAGIC ("\x28\xb5\x2f\xfd"), "packed with zstd; unpack it first" },
  { 0, MAGIC ("7z\xbc\xaf\x27\x1c"), "a 7z archive; unpack it first" },
  { 0, MAGIC ("Rar!"), "a RAR archive; unpack it first" },
  { 257, MAGIC ("ustar"), "a tar archive; unpack it first" },
  { 0, MAGIC ("\x89HDF\r\n"),
      "HDF5, as Keras and Caffe write weights without their network; save a "
      ".caffemodel (snapshot_format: BINARYPROTO) or ONNX" },
  { 0, MAGIC ("\x80\x02}"), PICKLE },
  { 0, MAGIC ("\x80\x03}"), PICKLE },
  { 0,
      MAGIC ("\x80\x03"
             "c"),
      PICKLE },
  { 0, MAGIC ("\x80\x04\x95"), PICKLE },
  { 0, MAGIC ("\x80\x05\x95"), PICKLE },
  { 0, MAGIC ("GGUF"), "GGUF, which has no AlexNet" },
  { 4, MAGIC ("TFL3"), "a TensorFlow Lite model; convert it to ONNX" },
  { 0, MAGIC ("\x08\x01\x12"),
      "a SavedModel of TensorFlow; convert it to ONNX" },
};

const char *
alexnet_foreign_describe (const guint8 *head, gsize size)
{
  if (size == 0)
    return "empty";
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (size >= kinds[i].offset + kinds[i].size &&
        memcmp (head + kinds[i].offset, kinds[i].magic, kinds[i].size) == 0)
      return kinds[i].what;
  return NULL;
}
