"""Progress bars."""

from __future__ import annotations

import os

from tqdm.auto import tqdm


def progress_bar(steps: int, description: str, **settings: object) -> tqdm:
    """A bar that goes away when done; none where the environment has TQDM_DISABLE.

    (The variable is tqdm's own, but its notebook version does not look at it.)
    """
    return tqdm(total=steps, desc=description, leave=False, disable="TQDM_DISABLE" in os.environ, **settings)
