"""The progress bar."""

from __future__ import annotations

import os
from typing import Any

from tqdm.auto import tqdm


def progress_bar(steps: int, description: str, **settings: Any) -> tqdm:
    """A bar that goes away when done; none where the environment has TQDM_DISABLE.

    (The variable is tqdm's own, but its notebook version does not look at it.)

    Args:
        steps: how many there are until it is full.
        description: what stands beside it.
        settings: further ones of tqdm.
    """
    return tqdm(total=steps, desc=description, leave=False, disable="TQDM_DISABLE" in os.environ, **settings)
