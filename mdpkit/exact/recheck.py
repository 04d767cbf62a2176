"""Check an optimality or gain certificate with the standard library only.

    python -m mdpkit.exact.recheck FILE

Reads files written by `OptimalityCertificate.save` or `GainCertificate.save`. This file can be copied and run on its
own; it shares no code with the rest of mdpkit.
"""

import json
import sys
from fractions import Fraction


class Rejected(ValueError):
    """The certificate does not prove its statement."""


def number(text) -> Fraction:
    """Parse a rational from text "p/q".

    >>> number("-1/2")
    Fraction(-1, 2)
    """
    if not isinstance(text, str):
        raise Rejected(f"{text!r} is not text 'p/q'")
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise Rejected(f"{text!r} is not a rational number") from error


def check_size(name, rows, length) -> list:
    if not isinstance(rows, list) or len(rows) != length:
        raise Rejected(f"{name} is not a list of {length} entries")
    return rows


def vector(name, rows, length) -> list:
    return [number(text) for text in check_size(name, rows, length)]


def law(name, pairs, states) -> list:
    """Normalised (n, probability) pairs of a row; None for a missing action."""
    if pairs is None:
        return None
    read = []
    for pair in pairs:
        n, text = check_size(name, pair, 2)
        if type(n) is not int or not 0 <= n < states:
            raise Rejected(f"{name} reaches {n!r}; states run from 0 to {states - 1}")
        weight = number(text)
        if weight < 0:
            raise Rejected(f"{name} has the negative weight {text}")
        read.append((n, weight))
    total = sum(weight for _, weight in read)
    if total == 0:
        raise Rejected(f"{name} has total weight 0")
    return [(n, weight / total) for n, weight in read]


def laws_of(s, rows, states, actions) -> list:
    return [
        law(f"the law of state {s}, action {a}", row, states)
        for a, row in enumerate(check_size(f"state {s}", rows, actions))
    ]


def check_step(where, laws, rewards, policy, discount, now, following):
    """Check L <= T_pi L' and U >= T U' at one step; `now` and `following` are pairs (L, U)."""
    for s, actions in enumerate(laws):
        played = policy[s]
        if min(played) < 0 or sum(played) != 1:
            raise Rejected(f"{where}state {s}: the policy is not a distribution")
        if all(row is None for row in actions):
            raise Rejected(f"{where}state {s}: no action exists")
        attained = Fraction(0)
        for a, row in enumerate(actions):
            if row is None:
                if played[a] != 0:
                    raise Rejected(f"{where}state {s}: the policy plays action {a}, which is missing")
                continue
            low, high = (rewards[s][a] + discount * sum(p * values[n] for n, p in row) for values in following)
            if not high <= now[1][s]:
                raise Rejected(
                    f"{where}state {s}, action {a}: the upper bound is too low, by {float(high - now[1][s]):.1e}"
                )
            attained += played[a] * low
        if not now[0][s] <= attained:
            raise Rejected(f"{where}state {s}: the lower bound is too high, by {float(now[0][s] - attained):.1e}")


def check(document) -> Fraction:
    """Check a certificate as read from JSON.

    Returns: the widest gap between the bounds. Raises: Rejected with the condition that fails, where, and by how much.
    """
    kind = document.get("format") if isinstance(document, dict) else None
    if kind not in ("mdpkit optimality certificate 1", "mdpkit gain certificate 1"):
        raise Rejected("this is not an optimality or gain certificate")
    try:
        if kind == "mdpkit gain certificate 1":
            return check_gain(document)
        S, A, horizon = document["states"], document["actions"], document["horizon"]
        laws = [
            [laws_of(s, state, S, A) for s, state in enumerate(check_size("transitions", step, S))]
            for step in document["transitions"]
        ]
        rewards = [
            [vector("rewards", state, A) for state in check_size("rewards", step, S)] for step in document["rewards"]
        ]
        policy = [
            [vector("policy", state, A) for state in check_size("policy", step, S)] for step in document["policy"]
        ]
        L, U = document["lower"], document["upper"]
    except KeyError as error:
        raise Rejected(f"the entry {error} is missing") from error
    except TypeError as error:
        raise Rejected(f"the certificate is malformed: {error}") from error
    if not isinstance(horizon, dict) or len(horizon) != 1:
        raise Rejected(f"the horizon is {horizon!r}; expected exactly one entry, H, gamma or total")
    if "H" in horizon:
        return check_finite(horizon["H"], S, laws, rewards, policy, L, U)
    total = horizon.get("total") is True
    discount = Fraction(1) if total else number(horizon.get("gamma"))
    if not total and not 0 <= discount < 1:
        raise Rejected(f"the discount {discount} lies outside [0, 1)")
    for name, steps in (("transitions", laws), ("rewards", rewards), ("policy", policy)):
        check_size(name, steps, 1)
    bounds = vector("lower", L, S), vector("upper", U, S)
    check_step("", laws[0], rewards[0], policy[0], discount, bounds, bounds)
    if total:
        check_rest(laws[0], rewards[0], policy[0], *bounds)
    return widest(*bounds)


def check_rest(laws, rewards, policy, L, U):
    """Check that the policy surely ends where it collects 0, with L <= 0 there, and U >= 0 wherever one can do so."""
    S = len(laws)
    pairs = [
        [(a, {n for n, p in law if p != 0}) for a, law in enumerate(actions) if law is not None] for actions in laws
    ]
    played = [[(a, reached) for a, reached in pairs[s] if policy[s][a] != 0] for s in range(S)]

    def largest(keeps):
        inside, left = set(range(S)), {None}
        while left:
            left = {s for s in inside if not keeps(s, inside)}
            inside -= left
        return inside

    for s in largest(lambda s, X: any(rewards[s][a] == 0 and reached <= X for a, reached in pairs[s])):
        if not U[s] >= 0:
            raise Rejected(f"state {s}: the upper bound is negative where one can rest for 0")
    rest = largest(lambda s, X: all(rewards[s][a] == 0 and reached <= X for a, reached in played[s]))
    for s in rest:
        if not L[s] <= 0:
            raise Rejected(f"state {s}: the lower bound is positive where the policy rests")
    if largest(lambda s, X: s not in rest and all(reached <= X for _, reached in played[s])):
        raise Rejected("the policy is not proper: from some state it never comes to rest")


def check_gain(document) -> Fraction:
    """Check U >= P U and U + u >= r + P u for every action, and L <= P L and L + l <= r + P l for the policy."""
    S, A = document["states"], document["actions"]
    rewards = [vector("rewards", state, A) for state in check_size("rewards", document["rewards"], S)]
    policy = [vector("policy", state, A) for state in check_size("policy", document["policy"], S)]
    (L, low), (U, high) = (
        [vector(end, document[end][part], S) for part in ("gain", "bias")] for end in ("lower", "upper")
    )
    for s, state in enumerate(check_size("transitions", document["transitions"], S)):
        played, rows = policy[s], laws_of(s, state, S, A)
        if min(played) < 0 or sum(played) != 1:
            raise Rejected(f"state {s}: the policy is not a distribution")
        if all(row is None for row in rows):
            raise Rejected(f"state {s}: no action exists")
        kept = earned = Fraction(0)
        for a, row in enumerate(rows):
            if row is None:
                if played[a] != 0:
                    raise Rejected(f"state {s}: the policy plays action {a}, which is missing")
                continue
            after = [sum(p * values[n] for n, p in row) for values in (L, low, U, high)]
            if not after[2] <= U[s]:
                raise Rejected(f"state {s}, action {a}: the upper gain is too low, by {float(after[2] - U[s]):.1e}")
            if not rewards[s][a] + after[3] <= U[s] + high[s]:
                lack = rewards[s][a] + after[3] - U[s] - high[s]
                raise Rejected(f"state {s}, action {a}: the upper gain and bias are too low, by {float(lack):.1e}")
            kept += played[a] * after[0]
            earned += played[a] * (rewards[s][a] + after[1])
        if not L[s] <= kept:
            raise Rejected(f"state {s}: the lower gain is too high, by {float(L[s] - kept):.1e}")
        if not L[s] + low[s] <= earned:
            raise Rejected(f"state {s}: the lower gain and bias are too high, by {float(L[s] + low[s] - earned):.1e}")
    return widest(L, U)


def check_finite(H, S, laws, rewards, policy, L, U) -> Fraction:
    if type(H) is not int or H < 1:
        raise Rejected(f"the horizon {H!r} is not a positive integer")
    for name, steps in (("transitions", laws), ("rewards", rewards), ("policy", policy)):
        if len(steps) not in (1, H):
            raise Rejected(f"{name} has {len(steps)} steps; expected 1 or {H}")
    steps = zip(check_size("lower", L, H + 1), check_size("upper", U, H + 1), strict=True)
    bounds = [(vector("lower", low, S), vector("upper", high, S)) for low, high in steps]
    for s in range(S):
        if not bounds[H][0][s] <= 0 <= bounds[H][1][s]:
            raise Rejected(f"step {H}, state {s}: the bounds do not enclose 0, the value of the end")
    for t in range(H):
        step = [part[t % len(part)] for part in (laws, rewards, policy)]
        check_step(f"step {t}, ", *step, Fraction(1), bounds[t], bounds[t + 1])
    return max(widest(*pair) for pair in bounds)


def widest(L, U) -> Fraction:
    return max(high - low for low, high in zip(L, U, strict=True))


def main(arguments) -> int:
    """Run the check; exit status 0 if accepted, 1 if rejected, 2 for a usage error."""
    if len(arguments) != 1:
        sys.stderr.write("usage: recheck.py FILE\n")
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            gap = check(json.load(file))
    except (Rejected, json.JSONDecodeError) as error:
        sys.stdout.write(f"rejected: {error}\n")
        return 1
    sys.stdout.write(f"accepted: the optimal value is enclosed to {float(gap):.1e}\n")
    return 0


if __name__ == "__main__":
    sys.set_int_max_str_digits(0)  # exact values of a few hundred states exceed Python's limit of 4300 digits
    sys.exit(main(sys.argv[1:]))
