# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the stages of run.sh have printed -> RESULTS.md: a table for each kind of
# line that gpu-bench and baseline.py print, as far as there are any; then what
# the steps came to.

function row(words, n,    i, line) {
  line = "|"
  for (i = 1; i <= n; i++)
    line = line " " words[i] " |"
  return line "\n"
}

function fields(first, count,    i, words) {
  for (i = 0; i < count; i++)
    words[i + 1] = $(first + i)
  return row(words, count)
}

BEGIN { FS = "\t" }

$1 == "date" { date = $2 }
$1 == "gpu" { gpu = $2 }
$1 == "nv12-1080p" { frames = frames fields(2, 4) }
$1 == "l2" { kept = kept fields(2, 5) }
$1 == "layer" { layers = layers fields(2, 6) }
$1 == "limit" { limits = limits fields(2, 3) }
$1 == "plan" {
  if (!($2 in most))
    problems[n_problems++] = $2
  tried[$2] = $4
  if (!($2 in least) || $5 + 0 < least[$2] + 0)
    least[$2] = $5
  if (!($2 in most) || $5 + 0 > most[$2] + 0)
    most[$2] = $5
}
$1 == "cudnn" {
  key = $2 "\t" $3
  order[n++] = key
  ours[key] = $4 "\t" $5 "\t" $6
}
/^pytorch-/ && NF == 6 {
  key = $2 "\t" $3
  if (!(key in rate) || $6 > rate[key]) {
    rate[key] = $6
    theirs[key] = $4 "\t" $5 "\t" $6 "\t" substr($1, 9)
  }
}
/^pytorch-/ && NF != 6 { notes = notes "- " $0 "\n" }
/^== / { notes = notes "- " substr($0, 4) "\n" }

function print_speed(    i, k, a, b) {
  print "| precision | batch | us | cold | frames/s | PyTorch us | cold |" \
    " frames/s | by | speed-up |"
  print "|---|---:|---:|---:|---:|---:|---:|---:|---|---:|"
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
  print ""
}

function print_plans(    i) {
  print "| what | tried | best us | worst us |\n|---|---:|---:|---:|"
  for (i = 0; i < n_problems; i++)
    printf "| %s | %s | %s | %s |\n", problems[i], tried[problems[i]], \
      least[problems[i]], most[problems[i]]
  print ""
}

END {
  print "# On a GPU\n\n- date: " date "\n- GPU: " (gpu ? gpu : "none") "\n"
  if (n)
    print_speed()
  if (kept)
    print "Weights that stay in the L2 cache, us a batch:\n\n" \
      "| precision | batch | MiB | with | without |\n" \
      "|---|---:|---:|---:|---:|\n" kept
  if (frames)
    print "NV12 frames of 1920x1080 through the engine, us a frame:\n\n" \
      "| precision | batch | in host memory | in device memory |\n" \
      "|---|---:|---:|---:|\n" frames
  if (n_problems)
    print_plans()
  if (limits)
    print "Limits: a copy on the device, and what its units can multiply:\n\n" \
      "| precision | GB/s | TFLOP/s |\n|---|---:|---:|\n" limits
  if (layers)
    print "| precision | batch | operation | us | GB/s | TFLOP/s |\n" \
      "|---|---:|---|---:|---:|---:|\n" layers
  printf "%s", notes
}
