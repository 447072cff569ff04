# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Of what gst-launch-1.0 writes, prints warnings and the first error, a line
# each with the reason in brackets, on standard error, and takes away what
# stands around them; further errors follow from the first. -v script=NAME
# stands in front; the number of its process is in the file $launched. Another
# program may follow, for all other lines.

function complain() {
  if (complaint != "")
    print script ": " complaint > "/dev/stderr"
  complaint = ""
  explained = 0
}

# It may wait for ever: that of GStreamer 1.26 when the error came before its
# main loop ran, all when what they could not link was the only thing to decode.
# Ctrl-C ends it, with any status; $launched.ended says that it was needed.
function end_launch() {
  if (!ended++)
    system("pid=$(cat \"$launched\"); for i in 1 2 3 4 5 6 7 8 9 10; do " \
        "kill -0 $pid || exit; sleep 0.1; done 2>/dev/null; " \
        ": >\"$launched.ended\"; kill -INT $pid 2>/dev/null")
}

# Several threads may write errors at a time, so that what belongs to the second
# stands among the lines of the first.
/^ERROR: pipeline doesn't want to (preroll|play)\.$/ {
  end_launch()
  next
}

/^ERROR: from element / && errors {
  next
}

# file.c(123): function (): /GstPipeline:pipeline0/...:
# the reason, where the line above ends with a colon
where == "next" {
  where = /:$/ ? "above" : ""
  next
}

where == "above" {
  where = ""
  if (complaint != "" && !explained++)
    complaint = complaint " (" $0 ")"
  if (complaint ~ /^Delayed linking failed/)
    end_launch()
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
  complaint = $0
  sub(/^[A-Z]+: from element [^ ]*: /, "", complaint)
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

/^(Failed to set pipeline to |Setting pipeline to NULL|Freeing pipeline)/ ||
    /^(handling interrupt\.|Interrupt: Stopping pipeline)/ {
  next
}

# A criticism of a library's: "(gst-launch-1.0:123): GLib-CRITICAL **: ..."
/^\([^ ]*:[0-9]+\): / {
  print > "/dev/stderr"
}

END {
  complain()
}
