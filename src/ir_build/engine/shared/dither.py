"""Colours that are drawn as a mixture of two colours of a palette, by a fixed pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    #: the first and the second colour of each pair, and the share of the second, 0 to 0.5
    Mixtures = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]

# A mixture is made of two among so many nearest colours. `_LONG` is how much the distance between the two
# counts, because far colours make dots.
# (On 20 PNG files 6 and 24 came to the same bytes: `--sweep shared.dither:_MIXED_OF 6 24`.)
_MIXED_OF, _LONG = 12, 0.15
# The square of the distance of two colours that are mixed, at most. In a mixture of farther ones the dots
# are seen at the size of the screen.
_FARTHEST_MIXED = 32.0**2
# The fractions 1/g and 1/g^2 of 65,536, where g = 1.32472 is the plastic number.
_R2 = (49_471, 37_345)


def drawn(
    pairs: Mixtures,
    which: npt.NDArray[np.int64],
    x: npt.NDArray[np.int64],
    y: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The index of the colour of each pixel at `x`, `y`; `which` is the number of its pair. All are n."""
    first, second, share = pairs
    # A low-discrepancy sequence: any few pixels in a row or a column have the mean. (R2: Roberts, "The
    # Unreasonable Effectiveness of Quasirandom Sequences", 2018.)
    threshold = (x * _R2[0] + y * _R2[1] & 0xFFFF) / 65_536
    return np.where(share[which] > threshold, second[which], first[which])


def mixtures(colours: npt.NDArray[np.float32], palette: npt.NDArray[np.float32]) -> Mixtures:
    """For each colour the two of a palette, and the share of the second, that come nearest to it.

    `colours` n x 6 and `palette` m x 6 are places of `colours.seen`, at most 256 of the latter.
    """
    near = min(_MIXED_OF, len(palette))
    firsts, seconds, shares = [], [], []
    for at in range(0, len(colours), 4096):
        some = colours[at : at + 4096]
        apart = np.zeros((len(some), len(palette)), np.float32)
        for here, there in zip(some.T, palette.T, strict=True):
            apart += np.square(here[:, None] - there)
        # Floats from 0 on have the order of their bits. The numbers of the colours are added below
        # these bits. So no two keys are equal, and every machine sorts them alike.
        keys = apart.view(np.uint32).astype(np.uint64) << 8 | np.arange(
            len(palette), dtype=np.uint64
        )
        keys.sort(1)
        nearest = (keys[:, :near] & 0xFF).astype(np.int64)
        rows = np.arange(len(some))
        start = palette[nearest[:, 0]]
        to = palette[nearest] - start[:, None]
        length = np.square(to).sum(2)
        wanted = some - start
        share = np.divide(
            (to * wanted[:, None]).sum(2), length, out=np.zeros_like(length), where=length > 0
        )
        share = np.clip(share, 0, 0.5)
        left = np.square(wanted[:, None] - share[..., None] * to).sum(2) + _LONG**2 * share * length
        left[length > _FARTHEST_MIXED] = np.inf
        best = np.argmin(left.round(3), 1)
        firsts.append(nearest[:, 0])
        seconds.append(nearest[rows, best])
        shares.append(share[rows, best])
    return np.concatenate(firsts), np.concatenate(seconds), np.concatenate(shares)
