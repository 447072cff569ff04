/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sample.h"

#include "data-path.h"

void
sample_load (Sample *self)
{
  g_autofree char *png = data_path ("cifar10-test-500.png");
  g_autofree char *json = data_path ("cifar10-test-500.json");
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  self->sheet = gdk_pixbuf_new_from_file (png, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gdk_pixbuf_get_n_channels (self->sheet), ==, 3);
  self->parser = json_parser_new ();
  json_parser_load_from_file (self->parser, json, &error);
  g_assert_no_error (error);
  object = json_node_get_object (json_parser_get_root (self->parser));
  self->labels = json_object_get_array_member (object, "labels");
  self->truth = json_object_get_array_member (object, "truth");
  self->pytorch = json_object_get_array_member (object, "pytorch_top1");
  self->tile = (int) json_object_get_int_member (object, "tile");
  self->columns = (int) json_object_get_int_member (object, "columns");
  self->n = json_array_get_length (self->truth);
}

void
sample_clear (Sample *self)
{
  g_object_unref (self->sheet);
  g_object_unref (self->parser);
}

void
sample_find (const Sample *self, guint i, int *x, int *y)
{
  *x = (int) i % self->columns * self->tile;
  *y = (int) i / self->columns * self->tile;
}
