"""Safety kernels: discounted safety values, states visited by safe experts, and sweeps for margins."""

import numpy as np

from ..base.compiling import compiled, inner


@inner
def stopped_value(margin, following, stops, g):
    """V = margin where the path stops, else (1 - g) margin + g V[following], by traversing every path once."""
    S = len(margin)
    V = np.zeros(S, margin.dtype)
    known = np.zeros(S, np.int64)  # 0: unvisited, 1: on the current path, 2: evaluated
    path = np.zeros(S, np.int64)
    for start in range(S):
        s = start
        length = 0
        while known[s] == 0 and not stops[s]:
            known[s] = 1
            path[length] = s
            length += 1
            s = following[s]
        if known[s] == 0:
            V[s] = margin[s]
            known[s] = 2
        elif known[s] == 1:
            first = length - 1
            while path[first] != s:
                first -= 1
            total = margin[s] * 0
            power = total + 1
            for k in range(first, length):
                total += power * (1 - g) * margin[path[k]]
                power *= g
            V[s] = total / (1 - power)
            known[s] = 2
        for k in range(length - 1, -1, -1):
            n = path[k]
            if known[n] == 1:
                V[n] = (1 - g) * margin[n] + g * V[following[n]]
                known[n] = 2
    return V


def _discounted_safety(margin, successors, g, rounds):
    """V = (1 - g) margin + g min(margin, max_a V[successors]) by strategy iteration for a stopping and a moving player.

    Strategies change only where that is a strict improvement, so on rationals none is repeated; on floats the rounds
    are capped and the caller bounds the residual.
    """
    S, A = successors.shape
    following = successors[:, 0].copy()
    stops = np.zeros(S, np.bool_)
    V = margin.copy()
    for _ in range(rounds):
        for _ in range(rounds):
            V = stopped_value(margin, following, stops, g)
            changed = False
            for s in range(S):
                going = (1 - g) * margin[s] + g * V[following[s]]
                better = going < margin[s] if stops[s] else margin[s] < going
                if better:
                    stops[s] = not stops[s]
                    changed = True
            if not changed:
                break
        improved = False
        for s in range(S):
            for a in range(A):
                if V[successors[s, a]] > V[following[s]]:
                    following[s] = successors[s, a]
                    improved = True
        if not improved:
            break
    return V


discounted_safety = compiled(_discounted_safety, "f8[1] (f8[1], i8[2], f8, i8)")


@inner
def expert_path(viable, successors, order, start, goal):
    """visits[s]: whether s lies on the expert's path from `start`; none does if `start` is not viable.

    The expert stays viable and reaches the goal as early, and visits it as often, as possible; `order` breaks ties.
    """
    S, A = successors.shape
    far = S + 1
    distance = np.full(S, far)
    if viable[goal]:
        distance[goal] = 0
    changed = True
    while changed:
        changed = False
        for s in range(S):
            for a in range(A):
                n = successors[s, a]
                if viable[s] and viable[n] and distance[n] + 1 < distance[s]:
                    distance[s] = distance[n] + 1
                    changed = True
    visits = np.zeros(S, np.bool_)
    s = start
    while viable[s] and not visits[s]:
        visits[s] = True
        best = -1
        for k in range(A):
            n = successors[s, order[k]]
            if viable[n] and (best < 0 or distance[n] < distance[best]):
                best = n
        s = best
    return visits


def _expert_visits(viable, successors, order, start, goals):
    """visits[k,s] of the expert of every goal."""
    visits = np.zeros((len(goals), len(successors)), np.bool_)
    for k in range(len(goals)):
        visits[k] = expert_path(viable, successors, order, start, goals[k])
    return visits


expert_visits = compiled(_expert_visits, "b1[2] (b1[1], i8[2], i8[1], i8, i8[1])")


def _safely_reachable(viable, successors, start):
    """reached[s]: states on paths from `start` that stay viable."""
    S, A = successors.shape
    reached = np.zeros(S, np.bool_)
    reached[start] = viable[start]
    waiting = np.zeros(S, np.int64)
    waiting[0] = start
    end = int(reached[start])
    begin = 0
    while begin < end:
        s = waiting[begin]
        begin += 1
        for a in range(A):
            n = successors[s, a]
            if viable[n] and not reached[n]:
                reached[n] = True
                waiting[end] = n
                end += 1
    return reached


safely_reachable = compiled(_safely_reachable, "b1[1] (b1[1], i8[2], i8)")


def _search_graph(successors, ends, doomed, start):
    """(failing, passed): failing episodes of an exhaustive search, and its steps from doomed states.

    Each episode starts in `start` and moves along tested actions to the nearest state with an untested one, tests it,
    and so on; it ends in a state of `ends`, or where no untested action can be reached any more. A doomed state without
    one is left by its first action, until the episode ends. The search ends when the first state cannot reach an
    untested action.
    """
    S, A = successors.shape
    tested = np.zeros((S, A), np.bool_)
    queue = np.zeros(S, np.int64)
    back = np.zeros(S, np.int64)
    by = np.zeros(S, np.int64)
    failing = 0
    passed = 0
    searching = not ends[start]
    while searching:
        s = start
        fails = False
        moving = True
        while moving:
            # breadth first from s, along tested actions, to the nearest state with an untested one
            back[:] = -1
            back[s] = s
            queue[0] = s
            begin = 0
            end = 1
            found = -1
            action = 0
            while begin < end and found < 0:
                q = queue[begin]
                begin += 1
                for a in range(A):
                    if found < 0 and not tested[q, a]:
                        found = q
                        action = a
                if found < 0:
                    for a in range(A):
                        n = successors[q, a]
                        if back[n] < 0 and not ends[n]:
                            back[n] = q
                            by[n] = a
                            queue[end] = n
                            end += 1
            if found < 0 and (s == start or not doomed[s]):
                moving = False
                searching = s != start
            else:
                if found >= 0:
                    while found != s:
                        action = by[found]
                        found = back[found]
                else:
                    action = 0
                tested[s, action] = True
                if doomed[s]:
                    passed += 1
                s = successors[s, action]
                fails = fails or doomed[s]
                moving = not ends[s]
        if fails:
            failing += 1
    return failing, passed


search_graph = compiled(_search_graph, "i8&i8 (i8[2], b1[1], b1[1], i8)")


def _keep_margin(margin, ended, data, indices, first, w):
    """V = min(margin, max_a E[w(next)]), with `ended` for actions without successors, and the first maximising action.

    Row s*A+a of the transition matrix has entries data[first[s*A+a] : first[s*A+a+1]] at the states `indices`.
    """
    S, A = ended.shape
    V = margin.copy()
    choice = np.zeros(S, np.int64)
    for s in range(S):
        best = margin[s]
        for a in range(A):
            row = s * A + a
            kept = ended[s, a]
            if first[row] < first[row + 1]:
                kept = margin[s] * 0
                for k in range(first[row], first[row + 1]):
                    kept += data[k] * w[indices[k]]
            if a == 0 or kept > best:
                best = kept
                choice[s] = a
        if best < margin[s]:
            V[s] = best
    return V, choice


keep_margin = compiled(_keep_margin, "f8[1]&i8[1] (f8[1], f8[2], f8[1], i8[1], i8[1], f8[1])")
