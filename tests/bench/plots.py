"""The plots of the page."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from bench.measure import Spread

mpl.use("svg")
mpl.rcParams["svg.fonttype"] = "none"  # the text remains text
mpl.rcParams["svg.hashsalt"] = "autoenv-hpc"  # so that the same numbers give the same file
from matplotlib import pyplot as plt  # noqa: E402 - the backend is chosen before

# Okabe and Ito's palette, which colour-blind people can distinguish; lines also differ in markers.
_STYLES = (
    ("#0072B2", "o"), ("#009E73", "s"), ("#56B4E9", "^"), ("#D55E00", "D"), ("#CC79A7", "v"), ("#E69F00", "P"),
)  # fmt: skip

Lines = dict[str, list[Spread]]


def draw(path: Path, unit: str, numbers: Sequence[int], panels: dict[str, Lines]) -> None:
    """Plot milliseconds against a number: a panel for each title, with medians and quartiles."""
    figure, axes = plt.subplots(
        1, len(panels), figsize=(4.6 * len(panels) + 0.6, 3.6), sharey=True, squeeze=False
    )
    for axis, (title, lines) in zip(axes[0], panels.items(), strict=True):
        for (label, values), (colour, marker) in zip(lines.items(), _STYLES, strict=False):
            medians = [value.median for value in values]
            axis.plot(numbers, medians, color=colour, marker=marker, label=label)
            axis.fill_between(
                numbers, [v.low for v in values], [v.high for v in values], color=colour, alpha=0.2
            )
        axis.set(title=title, xlabel=unit, xscale="log", yscale="log")
        axis.set_xticks(numbers, map(str, numbers))
        axis.minorticks_off()
        axis.grid(visible=True, alpha=0.3)
        axis.legend(fontsize="small")
    axes[0][0].set_ylabel("milliseconds")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
