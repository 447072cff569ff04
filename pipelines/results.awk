# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Reads what gst-launch-1.0 prints with -m while alexnetclassify posts a message
# for each frame. Prints a line whenever another class comes first, then a
# summary. Exits with 1 when nothing was classified. Run it with LC_ALL=C, for
# labels are bytes, and behind complaints.awk.
#     -v status=FILE what gst-launch-1.0 returned, when it has ended; not 0:
#                    that nothing was classified is no surprise
#     -v names=FILE  each second of the stream is a picture with its name in
#                    this line of the file: prints a line for each, and writes
#                    the numbers of lines without a result to FILE.missing

# The value of a field as gst_structure_to_string() writes it; blanks, commas
# and brackets inside strings carry a backslash there.
function field(name,    value, start) {
  start = index($0, ", " name "=(")
  if (!start)
    return ""
  value = substr($0, start + length(name) + 4)
  value = substr(value, index(value, ")") + 1)
  if (value ~ /^</)
    return substr(value, 3, index(value, " >") - 3)
  sub(/(, .*|;)$/, "", value)
  return value
}

function text(value,    out, octal) {
  if (value ~ /^".*"$/)
    value = substr(value, 2, length(value) - 2)
  while (match(value, /\\/)) {
    out = out substr(value, 1, RSTART - 1)
    value = substr(value, RSTART + 1)
    if (value ~ /^[0-3][0-7][0-7]/) {
      split(value, octal, "")
      out = out sprintf("%c", octal[1] * 64 + octal[2] * 8 + octal[3])
      value = substr(value, 4)
    } else {
      out = out substr(value, 1, 1)
      value = substr(value, 2)
    }
  }
  out = out value
  gsub(/[[:cntrl:]]/, "?", out)         # which a terminal obeys
  return out
}

function clock(ns,    s) {
  if (ns + 0 > 9223372036854775807)     # GST_CLOCK_TIME_NONE
    return "-"
  s = ns / 1e9
  return sprintf("%d:%06.3f", s / 60, s - 60 * int(s / 60))
}

function classes(    labels, confidences, n, i, out) {
  n = split(field("labels"), labels, ", ")
  split(field("confidences"), confidences, ", ")
  for (i = 1; i <= n; i++)
    out = out (i > 1 ? ", " : "") \
        sprintf("%s %.1f %%", text(labels[i]), 100 * confidences[i])
  return out
}

# The element's name, when a pipeline gave it one: it may have several.
function element(    name) {
  name = $0
  sub(/^[^"]*"/, "", name)
  sub(/".*/, "", name)
  return name ~ /^alexnetclassify[0-9]*$/ ? "" : name
}

# What a frame is called: a picture's name, or the time.
function frame_name(    second) {
  if (!names)
    return sprintf("%10s", clock(field("stream-time")))
  second = n_names == 1 ? 0 : int(field("stream-time") / 1e9 + 0.5)
  done[second] = 1
  return name[second]
}

# Its name, or its corners in parts of the frame, when it is not the whole frame.
function place(    x, y) {
  if (text(field("region")) == "full-frame")
    return ""
  if (field("region-name") != "")
    return text(field("region-name")) "  "
  x = field("x")
  y = field("y")
  return sprintf("%.2f,%.2f-%.2f,%.2f  ", x, y, x + field("width"),
      y + field("height"))
}

BEGIN {
  while (names && (getline line < names) > 0)
    name[n_names++] = line
}

/^Got message .* \(element\): alexnet-classification, / {
  frames++
  backend = text(field("backend"))
  best = field("class-ids")
  sub(/,.*/, "", best)
  stream = element() place()
  if (place())
    regions++
  if (names || shown[stream] != best "")
    print frame_name() "  " (element() ? element() "  " : "") place() classes()
  shown[stream] = best
  fflush()
}

/^Execution ended after / {
  split($4, t, ":")
  seconds = t[1] * 3600 + t[2] * 60 + t[3]
}

END {
  if (names)
    printf "" > (names ".missing")
  for (i = 0; i < n_names; i++)
    if (!done[i])
      print i + 1 > (names ".missing")
  what = regions ? "region" : "frame"
  if (frames == 1)
    print "1 " what ", backend " backend
  else if (frames > 1)
    printf "%d %ss, %.1f %ss a second, backend %s\n", frames, what,
        frames / seconds, what, backend
  else if (!names && (getline failed < status) > 0 && !failed) {
    print script ": no frame was classified: is there a picture in it?" \
        > "/dev/stderr"
    missing++
  }
  exit missing > 0
}
