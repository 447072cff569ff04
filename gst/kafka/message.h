/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes to Kafka: a CloudEvent 1.0 in the binary mode of its Kafka binding,
 * whose attributes are headers and whose data is a line of JSON as
 * classificationjson writes it, without the newline. Packed, so that it can
 * wait in a spool, and unpacked again.
 *
 * ce_id is key, id of the stream where that is not the key, stream time and
 * frame number, and ce_source names the model: a file that is classified again
 * gives the same pairs, by which a consumer knows what it has already. The
 * frames of a live source never come again, so that there the start of the
 * stream is a part of ce_id, too. So is a number for what more the same model
 * says of a frame. */

#ifndef GST_ALEXNET_MESSAGE_H
#define GST_ALEXNET_MESSAGE_H

#include "meta/reader.h"

G_BEGIN_DECLS

typedef struct {
  const char *topic, *key; /* UTF-8 */
  const char *id;          /* UTF-8; NULL: it is the key */
  const char *start;       /* of a live stream; NULL: it is none */
} GstAlexnetMessageStream;

GBytes *gst_alexnet_message_pack (const GstAlexnetMessageStream *stream,
    const GstAlexnetReading *reading);

/* As (topic, key, headers, value); NULL where the bytes are no message. */
#define GST_ALEXNET_MESSAGE_TYPE "(ssa(ss)ay)"
GVariant *gst_alexnet_message_unpack (GBytes *bytes);

G_END_DECLS

#endif /* GST_ALEXNET_MESSAGE_H */
