"""Breadth: many small exact instances of varied structure, drawn by hypothesis and guided by the ratio."""

from .judge import as_float, judge_draw
from .tally import Tally

BEYOND_CONSTANTS = 51
"""Hypothesis mixes in byte constants of up to 50 bytes from the loaded modules; longer draws are independent of them."""


def breadth(part, draws, seed, resolution, keep):
    """Judge `draws` exact instances of a part's family.

    Args: keep: number of draws to return, for the differential run.
    Returns: the Tally, and the kept (draw, judgement) pairs.
    """
    from hypothesis import HealthCheck, Phase, given, settings, target
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    family, tally, kept, failure = part.instances, Tally(), [], []

    @st.composite
    def instances(draw):
        sizes = {axis: draw(st.integers(low, high)) for axis, (low, high) in family.sizes.items()}
        count = max(family.byte_count(sizes), BEYOND_CONSTANTS)
        return sizes, draw(st.binary(min_size=count, max_size=count))

    @seeded(seed)
    @settings(
        max_examples=draws,
        phases=(Phase.generate, Phase.target),
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        stateful_step_count=1,
        suppress_health_check=list(HealthCheck),
    )
    @given(instances())
    def look(drawn):
        if failure:
            return
        sizes, raw = drawn
        try:
            x = family.from_bytes(raw, sizes)
            judgement = judge_draw(part, x, resolution)
        except Exception as error:
            failure.append(error)
            return
        tally.add(judgement, sizes, x)
        tally.evaluations += 1
        if judgement.sides and len(kept) < keep:
            kept.append((x, judgement))
        ratio = as_float(judgement.ratio)
        if ratio is not None and abs(ratio) < 1e300:
            target(ratio)

    look()
    if failure:
        raise failure[0]
    return tally, kept
