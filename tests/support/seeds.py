"""The seed of a random test: another one each time, but in CI, where a change is not blamed for chance."""

import os
import random


def seed() -> int:
    """Return SEED if it is set."""
    given = os.environ.get("SEED") or ("1" if os.environ.get("CI") else "")
    return int(given) if given else random.SystemRandom().randrange(10**9)
