# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What gpu-bench and baseline.py print -> tables in Markdown: a row for each
# precision and batch size, ours beside the best of PyTorch's variants; and
# what whole frames take.
BEGIN {
  FS = "\t"
  print "| precision | batch | us | cold | frames/s | PyTorch us | cold |" \
    " frames/s | by | speed-up |"
  print "|---|---:|---:|---:|---:|---:|---:|---:|---|---:|"
}
$1 == "nv12-1080p" {
  frames[f++] = "| " $2 " | " $3 " | " $4 " | " $5 " |"
  next
}
$1 == "cudnn" {
  key = $2 "\t" $3
  order[n++] = key
  ours[key] = $4 "\t" $5 "\t" $6
  next
}
/^pytorch-/ && NF == 6 {
  key = $2 "\t" $3
  if (!(key in rate) || $6 > rate[key]) {
    rate[key] = $6
    theirs[key] = $4 "\t" $5 "\t" $6 "\t" substr($1, 9)
  }
  next
}
{ notes[m++] = $0 }
END {
  for (i = 0; i < n; i++) {
    split(order[i], k, "\t")
    split(ours[order[i]], a, "\t")
    printf "| %s | %s | %s | %s | %s |", k[1], k[2], a[1], a[2], a[3]
    if (order[i] in theirs) {
      split(theirs[order[i]], b, "\t")
      printf " %s | %s | %s | %s | %.2f |\n", b[1], b[2], b[3], b[4], \
        a[3] / b[3]
    } else {
      print " | | | | |"
    }
  }
  print "\nNV12 frames of 1920x1080 through the engine, us a frame:\n"
  print "| precision | batch | in host memory | in device memory |"
  print "|---|---:|---:|---:|"
  for (i = 0; i < f; i++)
    print frames[i]
  print ""
  for (i = 0; i < m; i++)
    print "- " notes[i]
}
