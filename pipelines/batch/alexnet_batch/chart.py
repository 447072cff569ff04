# SPDX-License-Identifier: LGPL-2.1-or-later
"""A drawing for the report: how sure results of each class were."""
import io
import textwrap
import warnings

import matplotlib
from matplotlib.figure import Figure

BANDS = (0, 0.5, 0.7, 0.9)  # confidence, from
LEGEND = (('#a9adb6', 'below 50 %'), ('#a3bcd9', '50 to 70 %'),
          ('#6a97c8', '70 to 90 %'), ('#2f6fb3', 'above 90 %'))
GREY = '#808080'  # on light and on dark paper; letters are the page's
MAX_BARS = 12
WIDTH = 4.6  # inches


def find_band(confidence):
    return max(i for i, least in enumerate(BANDS)
               if confidence >= least or i == 0)


def shorten(label):
    text = ''.join(c if c.isprintable() else ' ' for c in label)
    return textwrap.shorten(text, 22, placeholder=' …') or '(no name)'


def draw_bars(axes, classes):
    """Of 100 % each, the first class on top."""
    rows = range(len(classes))
    left = [0.0] * len(classes)
    for band, (colour, _) in enumerate(LEGEND):
        shares = [100 * one.bands[band] / one.n for one in classes]
        axes.barh(rows, shares, 0.62, left, color=colour)
        left = [a + b for a, b in zip(left, shares)]
    axes.set_yticks(rows, [shorten(one.label) for one in classes],
                    parse_math=False)
    axes.invert_yaxis()
    axes.set(xlim=(0, 100))
    axes.set_xticks([0, 50, 100], ['0', '50', '100 %'])
    axes.tick_params(length=0, colors=GREY, labelsize=9.5)
    axes.spines[:].set_visible(False)


def draw_confidence(classes):
    """An element `svg`, whose letters are text. classes have label, n, and
    bands: how many of the n results are in each."""
    classes = classes[:MAX_BARS]
    figure = Figure(figsize=(WIDTH, 0.27 * len(classes) + 0.4),
                    layout='constrained')
    draw_bars(figure.subplots(), classes)
    file = io.StringIO()
    with warnings.catch_warnings(), matplotlib.rc_context(
            {'svg.fonttype': 'none', 'svg.hashsalt': 'alexnet'}):
        warnings.filterwarnings('ignore', 'Glyph')  # the browser has others
        figure.savefig(file, format='svg', transparent=True, metadata={
            name: None for name in ('Creator', 'Date', 'Format', 'Type')})
    return file.getvalue()[file.getvalue().index('<svg'):]
