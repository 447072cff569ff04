# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Reads the bytes of a JPEG as numbers, from `od -An -v -tu1`, until its first
# scan; prints the EXIF orientation, 1 where there is none, and at which byte the
# scan begins. Exits with 1 when there is none.

function u16(at) {
  return big ? byte[at] * 256 + byte[at + 1] : byte[at + 1] * 256 + byte[at]
}

function u32(at) {
  return big ? u16(at) * 65536 + u16(at + 2) : u16(at + 2) * 65536 + u16(at)
}

# The TIFF header in a segment that begins with "Exif", up to `end`; each entry
# of its first directory has 12 bytes: a tag, a type, a count, a value.
function read_exif(at, end,    tiff, entry, entries) {
  if (byte[at] " " byte[at + 1] " " byte[at + 2] " " byte[at + 3] != \
      "69 120 105 102")
    return
  tiff = at + 6
  big = byte[tiff] == 77
  entry = tiff + u32(tiff + 4)
  if (entry + 2 > end)
    return
  entries = u16(entry)
  for (entry += 2; entries-- > 0 && entry + 12 <= end; entry += 12)
    if (u16(entry) == 274 && u16(entry + 8) >= 1 && u16(entry + 8) <= 8)
      orientation = u16(entry + 8)
}

BEGIN {
  orientation = 1
  at = 2
}

{
  for (i = 1; i <= NF; i++)
    byte[n++] = $i + 0
  while (at + 4 <= n) {
    if (byte[at] != 255 || byte[at + 1] == 255) {
      at++
      continue
    }
    end = at + 2 + byte[at + 2] * 256 + byte[at + 3]
    if (n < end)
      break
    if (byte[at + 1] == 218) {
      found = 1
      exit
    }
    if (byte[at + 1] == 225)
      read_exif(at + 4, end)
    at = end
  }
}

END {
  if (!found)
    exit 1
  print orientation, end
}
