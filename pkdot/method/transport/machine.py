"""Transport of one problem after another in machine code, for CPUs.

The algorithms are those of ``symmetric``, ``scaling`` and ``path``, in float64 and without a call
of a library: at the size of a training's batch a step of theirs is mostly the overhead of calls.
:mod:`compiled` says when this file is imported; numba compiles it once a machine. All of it is one
file, as numba looks for changes in the file of the compiled function alone.

Potentials and costs are in bits, see ``kernels``.
"""

import math

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

# Sums may be taken in any order, so that they use the processor's vectors; nothing else changes.
SUMS = {"reassoc", "contract", "nsz"}
# For powers: reordering would take x + shift − shift for x.
EXACT = {"contract"}

LN2 = math.log(2.0)
BITS = 1.0 / LN2
EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)

# As in kernels, path, scaling, symmetric and solver, but for levels that lie closer: powers and
# scalings cost little here beside a linear system.
LOWEST, HIGHEST = -960.0, 960.0
SAFE_DRIFT = 60.0
FIRST_REACH = 4.0
BITS_PER_LEVEL = 1.5
LEVEL_TOLERANCE = 0.01
LEVEL_STEPS = 100
SWEEPS = 2
QUICK = 0.5
CHECK_EVERY = 4
NEAR = 0.03
STEP = 2.0 / 3.0
STALLED = 6  # steps of Newton that leave error and dual where they were: rounding
RISE = 1e-9
# Scalings that cost as much as following the path from its start.
PATIENCE = 100.0

# Added to a number, it leaves the number's whole part in the last bits of the sum.
SHIFT = 1.5 * 2.0**52
_C = [LN2**i / math.factorial(i) for i in range(13)]
C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12 = _C


@intrinsic
def _as_bits(typing, x):
    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


@intrinsic
def _as_float(typing, i):
    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


@njit(fastmath=EXACT, inline="never")
def _exp2(x):
    """2^x to the last bit but one, x clamped to what stays normal: a loop over it is vectorised."""
    x = min(max(x, LOWEST), HIGHEST)
    shifted = x + SHIFT  # its last bits are x rounded to a whole number
    r = x - (shifted - SHIFT)
    p = C12
    p = p * r + C11
    p = p * r + C10
    p = p * r + C9
    p = p * r + C8
    p = p * r + C7
    p = p * r + C6
    p = p * r + C5
    p = p * r + C4
    p = p * r + C3
    p = p * r + C2
    p = p * r + C1
    p = p * r + C0
    return p * _as_float((_as_bits(shifted) + 1023) << 52)  # type: ignore[call-arg]


@njit(fastmath=SUMS, error_model="numpy")
def _dot(x, y):
    total = 0.0
    for k in range(x.shape[0]):
        total += x[k] * y[k]
    return total


@njit(fastmath=SUMS, error_model="numpy")
def _times(matrix, v, out):
    """matrix v into out, four rows at once."""
    n, m = matrix.shape
    whole = n - n % 4
    for i in range(0, whole, 4):
        s0 = s1 = s2 = s3 = 0.0
        r0, r1, r2, r3 = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        for k in range(m):
            w = v[k]
            s0 += r0[k] * w
            s1 += r1[k] * w
            s2 += r2[k] * w
            s3 += r3[k] * w
        out[i], out[i + 1], out[i + 2], out[i + 3] = s0, s1, s2, s3
    for i in range(whole, n):
        out[i] = _dot(matrix[i], v)


@njit(fastmath=SUMS, error_model="numpy")
def _times_turned(matrix, u, out):
    """matrixᵀ u into out, four rows at once."""
    n, m = matrix.shape
    whole = n - n % 4
    for k in range(m):
        out[k] = 0.0
    for i in range(0, whole, 4):
        u0, u1, u2, u3 = u[i], u[i + 1], u[i + 2], u[i + 3]
        r0, r1, r2, r3 = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        for k in range(m):
            out[k] += (u0 * r0[k] + u1 * r1[k]) + (u2 * r2[k] + u3 * r3[k])
    for i in range(whole, n):
        w, row = u[i], matrix[i]
        for k in range(m):
            out[k] += w * row[k]


@njit(fastmath=SUMS, error_model="numpy")
def _tile(x, i, y, j, length):
    """Products of rows i … i+3 of x and j … j+3 of y, over the first ``length`` columns."""
    x0, x1, x2, x3 = x[i], x[i + 1], x[i + 2], x[i + 3]
    y0, y1, y2, y3 = y[j], y[j + 1], y[j + 2], y[j + 3]
    s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = 0.0
    s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = 0.0
    for k in range(length):
        a0, a1, a2, a3 = x0[k], x1[k], x2[k], x3[k]
        b0, b1, b2, b3 = y0[k], y1[k], y2[k], y3[k]
        s00 += a0 * b0
        s01 += a0 * b1
        s02 += a0 * b2
        s03 += a0 * b3
        s10 += a1 * b0
        s11 += a1 * b1
        s12 += a1 * b2
        s13 += a1 * b3
        s20 += a2 * b0
        s21 += a2 * b1
        s22 += a2 * b2
        s23 += a2 * b3
        s30 += a3 * b0
        s31 += a3 * b1
        s32 += a3 * b2
        s33 += a3 * b3
    return (
        (s00, s01, s02, s03),
        (s10, s11, s12, s13),
        (s20, s21, s22, s23),
        (s30, s31, s32, s33),
    )


@njit(fastmath=EXACT, error_model="numpy")
def _cholesky(s):
    """The factor of s in its lower half, in blocks of four; False where a pivot is not positive."""
    n = s.shape[0]
    for j in range(0, n, 4):
        for i in range(j, n, 4):
            if j > 0:
                t = _tile(s, i, s, j, j)
                for p in range(4):
                    for q in range(4):
                        s[i + p, j + q] -= t[p][q]
            if i == j:
                for q in range(4):
                    for p in range(q, 4):
                        value = s[j + p, j + q]
                        for k in range(q):
                            value -= s[j + p, j + k] * s[j + q, j + k]
                        if p == q:
                            if not value > 0.0:
                                return False
                            s[j + q, j + q] = math.sqrt(value)
                        else:
                            s[j + p, j + q] = value / s[j + q, j + q]
            else:
                for p in range(4):
                    for q in range(4):
                        value = s[i + p, j + q]
                        for k in range(q):
                            value -= s[i + p, j + k] * s[j + q, j + k]
                        s[i + p, j + q] = value / s[j + q, j + q]
    return True


@njit(fastmath=SUMS, error_model="numpy")
def _solve_factored(s, x):
    """L Lᵀ x' = x in place, L in the lower half of s."""
    n = s.shape[0]
    for i in range(n):
        x[i] = (x[i] - _dot(s[i, :i], x[:i])) / s[i, i]
    for i in range(n - 1, -1, -1):
        x[i] /= s[i, i]
        w, row = x[i], s[i]
        for k in range(i):
            x[k] -= w * row[k]


@njit(fastmath=SUMS, error_model="numpy")
def _direction(plan, rows, a, b, heaviest, scaled, s, x):
    """Newton's direction for f into x, in units of epsilon; see ``newton.direction``.

    Args:
        plan: (n, m), n a multiple of 4, padded with rows of zeros; its column sums are b.
        rows: row sums, (n,).
        a: weights, (n,), padded with zeros.
        b: weights, (m,).
        heaviest: the point that stays.
        scaled: room for the plan over b, (n, m).
        s: room for the system, (n, n).
        x: the answer, (n,).
    """
    n, m = plan.shape
    for i in range(n):
        row, out = plan[i], scaled[i]
        for k in range(m):
            out[k] = row[k] / b[k] if b[k] > 0.0 else 0.0
    degree = np.zeros(n)
    for i in range(0, n, 4):
        for j in range(0, i + 4, 4):
            t = _tile(plan, i, scaled, j, m)
            for p in range(4):
                for q in range(4):
                    s[i + p, j + q] = -t[p][q]
                    if i + p > j + q:
                        degree[i + p] += t[p][q]
                        degree[j + q] += t[p][q]
    for i in range(n):
        if a[i] == 0.0 or i == heaviest:
            for k in range(i):
                s[i, k] = 0.0
            for k in range(i + 1, n):
                s[k, i] = 0.0
            s[i, i], x[i] = 1.0, 0.0
        else:
            # the sum of the others: subtracting them from the rows would lose faint exchange
            s[i, i], x[i] = degree[i] + EPS * rows[i] + TINY, a[i] - rows[i]
    if not _cholesky(s):
        return False
    _solve_factored(s, x)
    total = 0.0
    for i in range(n):
        total += abs(x[i])
    return math.isfinite(total)


@njit(fastmath=EXACT, error_model="numpy")
def _powers(cost, share, f, log_a, b, plan, g, rows):
    """The plan of f and its exact g under ``share`` times the cost: into plan, g and rows."""
    n, m = cost.shape
    largest, total = np.full(m, -math.inf), np.zeros(m)
    for i in range(n):
        if log_a[i] > -math.inf:
            own, row, out = f[i] + log_a[i], cost[i], plan[i]
            for k in range(m):
                e = own - share * row[k]
                out[k] = e
                largest[k] = e if e > largest[k] else largest[k]
    for i in range(n):
        out = plan[i]
        if log_a[i] > -math.inf:
            for k in range(m):
                power = _exp2(out[k] - largest[k])
                out[k] = power
                total[k] += power
        else:
            for k in range(m):
                out[k] = 0.0
    for k in range(m):
        g[k] = -(math.log2(total[k]) + largest[k])
        total[k] = b[k] / total[k]
    for i in range(n):
        out = plan[i]
        for k in range(m):
            out[k] *= total[k]
    _row_sums(plan, rows)


@njit(fastmath=SUMS, error_model="numpy")
def _row_sums(plan, rows):
    for i in range(plan.shape[0]):
        total, row = 0.0, plan[i]
        for k in range(plan.shape[1]):
            total += row[k]
        rows[i] = total


@njit
def _heaviest(a):
    found = 0
    for i in range(1, a.shape[0]):
        if a[i] > a[found]:
            found = i
    return found


@njit(fastmath=EXACT, error_model="numpy")
def _off(rows, a):
    total = 0.0
    for i in range(a.shape[0]):
        total += abs(rows[i] - a[i])
    return total


@njit(fastmath=EXACT, error_model="numpy")
def _take(plan, u, v, f, g):
    """Take up factors u and v; the bits by which the farthest potential moved."""
    moved = 0.0
    for i in range(f.shape[0]):
        bits = math.log2(u[i])
        f[i] += bits
        moved = max(moved, abs(bits))
        w, row = u[i], plan[i]
        for k in range(v.shape[0]):
            row[k] *= w * v[k]
    far = 0.0
    for k in range(v.shape[0]):
        bits = math.log2(v[k])
        g[k] += bits
        far = max(far, abs(bits))
    return moved + far if math.isfinite(moved + far) else math.inf


@njit(fastmath=EXACT, error_model="numpy")
def _answer(plan, u, b, v, rows):
    """Factors v that make the columns right after u, and the row sums that follow."""
    _times_turned(plan, u, v)
    for k in range(v.shape[0]):
        v[k] = b[k] / v[k] if b[k] > 0.0 else 1.0
    _times(plan, v, rows)
    for i in range(rows.shape[0]):
        rows[i] *= u[i]


@njit(fastmath=EXACT, error_model="numpy")
def _sweep(plan, rows, a, b, u, v, sweeps):
    """Updates of Sinkhorn–Knopp as factors u and v; rows are those after them."""
    for i in range(u.shape[0]):
        u[i] = 1.0
    for _ in range(sweeps):
        for i in range(a.shape[0]):
            if a[i] > 0.0:
                u[i] *= a[i] / max(rows[i], TINY)
        _answer(plan, u, b, v, rows)


@njit(fastmath=EXACT, error_model="numpy")
def _newton(plan, rows, error, a, b, heaviest, room):
    """One step as factors u and v, at full length or a cautious one.

    Returns:
        By how many bits the dual rose; minus infinity where neither length helps.
    """
    u, v, scaled, s, x, sums = room
    if not _direction(plan, rows, a, b, heaviest, scaled, s, x):
        return -math.inf
    lowest, highest = x[0], x[0]
    for i in range(x.shape[0]):
        lowest, highest = min(lowest, x[i]), max(highest, x[i])
    reach = highest - lowest
    if not reach > 0.0:
        return -math.inf
    length = 1.0
    for _ in range(2):
        rise, size = 0.0, 0.0
        for i in range(a.shape[0]):
            bits = BITS * length * x[i]
            u[i] = _exp2(bits)
            rise += a[i] * bits
            size += a[i] * abs(bits)
        _answer(plan, u, b, v, sums)
        for k in range(v.shape[0]):
            if b[k] > 0.0:
                rise += b[k] * math.log2(v[k])
        off = _off(sums, a)
        better = rise > 0.0 or (rise >= -8.0 * EPS * size and off < error)
        if better and math.isfinite(off):
            for i in range(rows.shape[0]):
                rows[i] = sums[i]
            return rise
        length = math.log1p(reach) / reach
    return -math.inf


@njit(fastmath=EXACT, error_model="numpy")
def _settle(problem, share, f, g, plan, rows, tolerance, steps, room, fresh):
    """One level, see ``path._settle``: f, g, plan and rows in place; error and steps made."""
    cost, log_a, a, b, heaviest = problem
    u, v = room[:2]
    if fresh:
        _powers(cost, share, f, log_a, b, plan, g, rows)
    done, best, stalled, drift, error = 0, math.inf, 0, 0.0, _off(rows, a)
    while not error <= tolerance and done < steps and stalled < STALLED:
        before, made = error, min(SWEEPS, steps - done)
        _sweep(plan, rows, a, b, u, v, made)
        drift += _take(plan, u, v, f, g)
        done += made
        error = _off(rows, a)
        if drift < SAFE_DRIFT and not error <= max(tolerance, QUICK * before) and done < steps:
            rise = _newton(plan, rows, error, a, b, heaviest, room)
            stalled = 0 if error < 0.9 * best or rise > RISE else stalled + 1
            best = min(best, error)
            done += 1
            if rise > -math.inf:
                drift += _take(plan, u, v, f, g)
                error = _off(rows, a)
        if not drift < SAFE_DRIFT:
            _powers(cost, share, f, log_a, b, plan, g, rows)
            drift, error = 0.0, _off(rows, a)
    return error, done


@njit(fastmath=EXACT, error_model="numpy")
def _scale(plan, rows, error, a, b, f, g, u, v, tolerance, most):
    """Scalings as long as they pay. Returns error, scalings made, and whether they were safe."""
    done = 0
    while not error <= tolerance and done < most:
        before, block = error, min(CHECK_EVERY, most - done)
        _sweep(plan, rows, a, b, u, v, block)
        done += block
        if not _take(plan, u, v, f, g) < SAFE_DRIFT:
            return math.inf, done, False
        error = _off(rows, a)
        if error > tolerance and (
            not error < before
            or block * math.log(error / tolerance) / math.log(before / error) > PATIENCE
        ):
            break
    return error, done, True


@njit(fastmath=EXACT, error_model="numpy")
def _one(cost, a, b, f, g, plan, tolerance, most):
    """One problem, n <= m: f (a guess), g and plan in place. Returns error and iterations.

    All arrays of the rows are padded with zeros to a multiple of 4.
    """
    n, m = cost.shape
    log_a, rows = np.empty(n), np.empty(n)
    lowest, highest = math.inf, -math.inf
    for i in range(n):
        log_a[i] = math.log2(a[i]) if a[i] > 0.0 else -math.inf
        if a[i] > 0.0:
            for k in range(m):
                lowest, highest = min(lowest, cost[i, k]), max(highest, cost[i, k])
    reach = highest - lowest
    u, v = np.empty(n), np.empty(m)
    room = (u, v, np.empty((n, m)), np.empty((n, n)), np.empty(n), np.empty(n))
    problem = (cost, log_a, a, b, _heaviest(a))
    _powers(cost, 1.0, f, log_a, b, plan, g, rows)
    error, done, near = _scale(plan, rows, _off(rows, a), a, b, f, g, u, v, tolerance, most)
    near = near and error < NEAR
    if error <= tolerance:
        return error, done
    older = np.zeros(n)
    for _ in range(2):  # next to the answer, from there; else, or where that fails, along the path
        first = 1.0 if near or not reach > FIRST_REACH else FIRST_REACH / reach
        levels = math.ceil(-math.log2(first) / BITS_PER_LEVEL)
        if not near:
            for i in range(n):
                f[i] = 0.0
        share, its_share = first, first
        for level in range(levels + 1):
            if done >= most:
                break
            if level > 0:
                following = 1.0 if level == levels else first ** (1.0 - level / levels)
                for i in range(n):
                    now = f[i]
                    if level == 1:
                        f[i] = now * (following / share)
                    else:
                        f[i] += (now - older[i]) * ((following - share) / (share - its_share))
                    older[i] = now
                its_share, share = share, following
            limit = tolerance if level == levels else max(tolerance, LEVEL_TOLERANCE)
            steps = min(LEVEL_STEPS, most - done)
            error, made = _settle(problem, share, f, g, plan, rows, limit, steps, room, not near)
            done += made
        if share < 1.0 or error <= tolerance or done >= most or not near:
            break
        near = False
    if share < 1.0:  # cut short
        for i in range(n):
            f[i] /= share
        _powers(cost, 1.0, f, log_a, b, plan, g, rows)
        error = _off(rows, a)
    elif error <= tolerance and done < most:  # where a step of Newton met it, scalings leave less
        block = min(CHECK_EVERY, most - done)
        _sweep(plan, rows, a, b, u, v, block)
        _take(plan, u, v, f, g)
        error = _off(rows, a)
        done += block
    return error, done


@njit(fastmath=EXACT, error_model="numpy")
def _price_massless(cost, a, b, f, g):
    """Give points without mass, which no step moves, the exact answer to the others' potentials."""
    n, m = cost.shape
    for i in range(n):
        if a[i] == 0.0:
            largest, total = -math.inf, 0.0
            for k in range(m):
                if b[k] > 0.0:
                    largest = max(largest, g[k] - cost[i, k])
            for k in range(m):
                total += b[k] * _exp2(g[k] - cost[i, k] - largest)
            f[i] = -(math.log2(total) + largest)
    for k in range(m):
        if b[k] == 0.0:
            largest, total = -math.inf, 0.0
            for i in range(n):
                if a[i] > 0.0:
                    largest = max(largest, f[i] - cost[i, k])
            for i in range(n):
                total += a[i] * _exp2(f[i] - cost[i, k] - largest)
            g[k] = -(math.log2(total) + largest)


_MATRICES, _VECTORS = types.float64[:, :, ::1], types.float64[:, ::1]


@njit(
    types.void(
        _MATRICES,
        _VECTORS,
        _VECTORS,
        _VECTORS,
        _VECTORS,
        _MATRICES,
        types.float64[::1],
        types.int64[::1],
        types.float64,
        types.int64,
    ),
    cache=True,
    nogil=True,
    fastmath=EXACT,
    error_model="numpy",
)
def between(cost, a, b, f, g, plan, error, made, tolerance, most):
    """A batch of problems, one after the other; answers are written into f, g, plan, error, made.

    Args:
        cost: (p, n, m), n a multiple of 4.
        a: (p, n), zero for rows that only fill up.
        b: (p, m).
        f: guesses, then answers, (p, n).
        g: answers, (p, m).
        plan: (p, n, m).
        error: marginal errors, (p,).
        made: iterations, (p,).
        tolerance: marginal error at which to stop.
        most: iterations.
    """
    for p in range(cost.shape[0]):
        error[p], made[p] = _one(cost[p], a[p], b[p], f[p], g[p], plan[p], tolerance, most)
        _price_massless(cost[p], a[p], b[p], f[p], g[p])


@njit(
    types.void(
        _MATRICES,
        _VECTORS,
        _VECTORS,
        _MATRICES,
        types.float64[::1],
        types.int64[::1],
        types.float64,
        types.int64,
    ),
    cache=True,
    nogil=True,
    fastmath=EXACT,
    error_model="numpy",
)
def onto_itself(cost, a, f, plan, error, made, tolerance, most):
    """A batch of clouds onto themselves, see ``symmetric.solve``; arguments as for `between`."""
    n = cost.shape[1]
    w, weighted, marginal = np.empty(n), np.empty(n), np.empty(n)
    for p in range(cost.shape[0]):
        matrix, weights = plan[p], a[p]
        for i in range(n):
            row, out = cost[p, i], matrix[i]
            for k in range(n):
                out[k] = _exp2(-row[k])
        _times(matrix, weights, w)
        for i in range(n):
            w[i] = 1.0 / math.sqrt(w[i])
        worst, done = math.inf, 0
        while worst > tolerance and done < most:
            block = min(CHECK_EVERY, most - done)
            for _ in range(block):
                for i in range(n):
                    weighted[i] = weights[i] * w[i]
                _times(matrix, weighted, marginal)
                worst = 0.0
                for i in range(n):
                    sum_here = marginal[i] * w[i]
                    worst += abs(sum_here - 1.0) * weights[i]
                    w[i] *= _exp2(-STEP * math.log2(sum_here))
            done += block
        for i in range(n):
            weighted[i] = weights[i] * w[i]
            f[p, i] = math.log2(w[i])
        for i in range(n):
            own, row = weighted[i], matrix[i]
            for k in range(n):
                row[k] *= own * weighted[k]
        error[p], made[p] = worst, done
