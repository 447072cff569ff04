# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Of what gst-launch-1.0 writes, prints warnings and the first error, a line
# each with the reason in brackets, on standard error, and takes away what
# stands around them; further errors follow from the first. -v script=NAME
# stands in front. Another program may follow, for all other lines.

function complain() {
  if (complaint != "")
    print script ": " complaint > "/dev/stderr"
  complaint = ""
}

# file.c(123): function (): /GstPipeline:pipeline0/...:
# the reason, where the line above ends with a colon
where == "next" {
  where = /:$/ ? "above" : ""
  next
}

where == "above" {
  where = ""
  if (complaint != "")
    complaint = complaint " (" $0 ")"
  next
}

/^Additional debug info:$/ {
  where = "next"
  next
}

{
  complain()
}

/^(ERROR|WARNING): from element / {
  if (!errors) {
    complaint = $0
    sub(/^[A-Z]+: from element [^ ]*: /, "", complaint)
  }
  errors += /^ERROR/
  next
}

/^(ERROR: pipeline could not be constructed|WARNING: erroneous pipeline): / {
  if (!errors++) {
    complaint = $0
    sub(/^[^:]*: [^:]*: /, "", complaint)
  }
  next
}

# GStreamer 1.22 says this of every element in Python.
/The created element should be floating/ {
  next
}

/^ERROR: pipeline doesn't want to (preroll|play)\.$/ ||
    /^(Failed to set pipeline to |Setting pipeline to NULL|Freeing pipeline)/ {
  next
}

END {
  complain()
}
