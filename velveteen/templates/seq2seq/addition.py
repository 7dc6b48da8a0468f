"""Sums of numbers of up to three digits, as text: "137+25" → "162"."""

import random

Pairs = list[tuple[str, str]]


def pairs(seed: int = 1) -> tuple[Pairs, dict[str, Pairs]]:
    """Returns pairs to learn from and pairs to test on; whoever learns a + b is not tested on b + a."""
    chance = random.Random(seed)
    sums = [(a, b) for a in range(1000) for b in range(a, 1000)]
    chance.shuffle(sums)
    kept = len(sums) // 10

    def written(some: list[tuple[int, int]]) -> Pairs:
        return [(f"{a}+{b}" if chance.random() < 0.5 else f"{b}+{a}", f"{a + b}") for a, b in some]

    return written(sums[kept:]), {"unseen sums": written(sums[:kept])}
