"""The sums of small blocks of a picture. The means of larger blocks follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from . import Pixels

#: Pixels along a side of a block: half the side of a square of `coloured` and `places`. So a square may
#: begin at every fourth pixel. Not fitted: a finer grid would only take more time.
BLOCK = 4


def block_sums(pixels: Pixels) -> NDArray[np.uint16]:
    """The sums of the blocks of 4 x 4 pixels, rows x columns x 3.

    `pixels` are height x width x 3. Blocks that reach beyond the picture are left out.
    """
    height, width = (size // BLOCK for size in pixels.shape[:2])
    rows = pixels[: height * BLOCK, : width * BLOCK].reshape(height, BLOCK, width * BLOCK * 3)
    down = rows.sum(1, dtype=np.uint16).reshape(height, width, BLOCK, 3)
    across = down[:, :, 0] + down[:, :, 1]
    for column in range(2, BLOCK):
        across += down[:, :, column]
    return np.asarray(across)
