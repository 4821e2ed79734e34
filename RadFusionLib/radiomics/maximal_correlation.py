"""The maximal correlation coefficient (MCC) of a co-occurrence matrix.

MCC is the square root of the second largest eigenvalue of ``Q(i, j) = sum_k P(i, k) P(j, k) / (p(i) p(k) + eps)``.
Without eps, and for a symmetric P, Q is similar to the square of ``A = D^-1/2 P D^-1/2`` with ``D = diag(p)``. A is
symmetric and its largest eigenvalue, 1, has the known vector sqrt(p), so a few Lanczos steps give the next.
The reference's eps (2.2e-16) shows where levels are rare; it is put back by first-order perturbation.
"""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.kernel import inner_kernel, inner_reordering_kernel, kernel, sequence

__all__ = ["maximal_correlation"]

_EPSILON = 2.220446049250313e-16
_TOLERANCE = 3e-7  # of a vector's residual; the eigenvalue's error is its square over the gap to the next
_SQUARE_SHARE = 24  # A is written out as a square if it has at most so many times the entries of its sparse form


@sequence
def maximal_correlation(first, second, p, px):  # type: ignore[no-untyped-def]
    """Compute MCC.

    Parameters
    ----------
    first, second : (n,) int32 arrays
        Pairs of levels, first <= second.
    p : (n,) float64 array
        The matrix at each pair, and at its mirror image.
    px : (m,) float64 array
        Its marginal; its sum is 1.

    Returns
    -------
    float
        1 for a single level, as in the reference.
    """
    if len(px) < 2:
        return 1.0
    side, sides = _sides(first, second, px)
    repeated = 0.0
    if sides > 1:  # the eigenvalue 1 is repeated, once for each side; eps decides which is the second largest
        repeated = _second_of_sides(first, second, p, px, side, sides)
        if repeated > 1 - 1e-7:
            return np.sqrt(repeated)
    return np.sqrt(max(repeated, _next_eigenvalue(first, second, p, px, side, sides)))


@inner_kernel
def _root(parent, node):  # type: ignore[no-untyped-def]
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@inner_kernel
def _join(parent, one, other):  # type: ignore[no-untyped-def]
    """Join two sets."""
    parent[_root(parent, one)] = _root(parent, other)


@inner_kernel
def _filled(size, value):  # type: ignore[no-untyped-def]
    result = np.empty(size, np.int64)
    for n in range(size):
        result[n] = value
    return result


@inner_kernel
def _one_side(first, second, px):  # type: ignore[no-untyped-def]
    """Whether steps from the most frequent level reach all others, and itself at once: then Q is a single block."""
    centre = 0
    apart = -1
    for i in range(len(px)):
        apart += px[i] > 0
        if px[i] > px[centre]:
            centre = i
    reached = _filled(len(px), 0)
    reached[centre] = 1
    own = False
    before = -1
    while apart > 0 and apart != before:
        before = apart
        for n in range(len(first)):
            i = first[n]
            j = second[n]
            own |= (i == centre) & (j == centre)
            if reached[i] != reached[j]:
                reached[i] = reached[j] = 1
                apart -= 1
    return own and apart == 0


@kernel
def _sides(first, second, px):  # type: ignore[no-untyped-def]
    """Number the sets of levels that two steps of the matrix connect: Q's blocks; -1 for levels without pairs."""
    m = len(px)
    side = _filled(m, -1)
    if _one_side(first, second, px):  # most often, and quickly seen
        for i in range(m):
            if px[i] > 0:
                side[i] = 0
        return side, 1
    parent = _filled(2 * m, 0)  # each level as the start (i) and as the end (m + i) of a step
    for i in range(2 * m):
        parent[i] = i
    for n in range(len(first)):
        _join(parent, first[n], m + second[n])
        _join(parent, second[n], m + first[n])
    label = _filled(2 * m, -1)
    sides = 0
    for i in range(m):
        if px[i] > 0:
            root = _root(parent, i)
            if label[root] < 0:
                label[root] = sides
                sides += 1
            side[i] = label[root]
    return side, sides


@kernel
def _second_of_sides(first, second, p, px, side, sides):  # type: ignore[no-untyped-def]
    """Give the second largest of the blocks' first eigenvalues, 1 but for eps.

    A block's right vector is constant and its left vector is p, so eps takes from its eigenvalue
    ``eps sum_ik P(i, k) / (p(i) p(k)) / sum_i p(i)``, i in the block.
    """
    mass = np.zeros(sides, np.float64)
    lost = np.zeros(sides, np.float64)
    for i in range(len(px)):
        if side[i] >= 0:
            mass[side[i]] += px[i]
    for n in range(len(first)):
        i = first[n]
        j = second[n]
        term = p[n] / (px[i] * px[j])
        lost[side[i]] += term
        if i != j:
            lost[side[j]] += term
    smallest = second_smallest = np.inf
    for s in range(sides):
        taken = _EPSILON * lost[s] / mass[s]
        if taken < smallest:
            smallest, second_smallest = taken, smallest
        elif taken < second_smallest:
            second_smallest = taken
    return 1 / (1 + second_smallest)  # exact for a block of one pair


@inner_reordering_kernel
def _product(x, y):  # type: ignore[no-untyped-def]
    # Plain loops here and below: whole-array expressions take Numba seconds each to compile.
    total = 0.0
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


@inner_kernel
def _norm(x):  # type: ignore[no-untyped-def]
    return np.sqrt(_product(x, x))


@inner_kernel
def _multiply_pairs(first, second, w, x, y):  # type: ignore[no-untyped-def]
    """Write A x to y, A symmetric with entries w."""
    for i in range(len(y)):
        y[i] = 0.0
    for n in range(len(w)):
        i = first[n]
        j = second[n]
        y[i] += w[n] * x[j]
        if i != j:
            y[j] += w[n] * x[i]


@inner_reordering_kernel
def _multiply_square(a, x, y):  # type: ignore[no-untyped-def]
    """Write A x to y."""
    for i in range(len(y)):
        total = 0.0
        for j in range(len(y)):
            total += a[i, j] * x[j]
        y[i] = total


@inner_reordering_kernel
def _remove(x, vectors, count):  # type: ignore[no-untyped-def]
    """Make x orthogonal to the first `count` rows of `vectors`."""
    for v in range(count):
        product = 0.0
        for i in range(len(x)):
            product += x[i] * vectors[v, i]
        for i in range(len(x)):
            x[i] -= product * vectors[v, i]


@inner_kernel
def _extreme(alpha, beta, size, sign):  # type: ignore[no-untyped-def]
    """Give the largest (sign 1) or smallest (-1) eigenvalue of a tridiagonal matrix whose eigenvalues lie in [-1, 1].

    Laguerre's iteration from outside on the determinant, the product of the pivots d: it falls towards the outermost
    root without passing it, with three times as many digits a step.
    """
    x = 1.0 + 1e-9
    for _ in range(30):
        d = 1.0
        slope = bend = 0.0  # d'/d and d''/d
        first = second = 0.0  # the first derivative of the determinant's logarithm, and the second one's opposite
        for i in range(size):
            taken = beta[i - 1] * beta[i - 1] / d if i > 0 else 0.0
            d = x - sign * alpha[i] - taken
            if d <= 0:  # at the root, but for rounding
                return sign * x
            bend = taken * (bend - 2 * slope * slope) / d
            slope = (1 + taken * slope) / d
            first += slope
            second += slope * slope - bend
        step = size / (first + np.sqrt(max((size - 1) * (size * second - first * first), 0.0)))
        x -= step
        if step < 1e-9:
            break
    return sign * x


@inner_kernel
def _tridiagonal_vector(alpha, beta, size, value):  # type: ignore[no-untyped-def]
    """Give the unit eigenvector of a tridiagonal matrix by two inverse iterations, and its eigenvalue."""
    x = np.empty(size, np.float64)
    upper = np.empty(size, np.float64)
    for i in range(size):
        x[i] = 1.0
    for _ in range(2):
        d = alpha[0] - value
        if abs(d) < 1e-15:
            d = 1e-15
        upper[0] = beta[0] / d
        x[0] /= d
        for i in range(1, size):
            d = alpha[i] - value - beta[i - 1] * upper[i - 1]
            if abs(d) < 1e-15:
                d = 1e-15
            upper[i] = beta[i] / d
            x[i] = (x[i] - beta[i - 1] * x[i - 1]) / d
        for i in range(size - 2, -1, -1):
            x[i] -= upper[i] * x[i + 1]
        norm = _norm(x)
        for i in range(size):
            x[i] /= norm
    exact = 0.0
    for i in range(size):
        exact += alpha[i] * x[i] * x[i]
        if i > 0:
            exact += 2 * beta[i - 1] * x[i] * x[i - 1]
    return x, exact


@inner_kernel
def _starting_vector(px, root):  # type: ignore[no-untyped-def]
    """Give a vector near the one looked for, not at right angles to any other.

    Neighbours are alike, so the vector of the second eigenvalue is much like the grey level itself.
    """
    m = len(px)
    mean = 0.0
    for i in range(m):
        mean += i * px[i]
    y = np.empty(m, np.float64)
    for i in range(m):
        y[i] = (i - mean) * root[i]
    norm = _norm(y)
    for i in range(m):
        y[i] /= norm
        y[i] += (0.2 * np.sin(12.9898 * (i + 1)) + 0.02) / np.sqrt(m) if px[i] > 0 else 0.0
    return y


@kernel
def _next_eigenvalue(first, second, p, px, side, sides):  # type: ignore[no-untyped-def]
    """Give the largest eigenvalue of Q besides the first one of each block."""
    m = len(px)
    root = np.empty(m, np.float64)
    mass = np.zeros(sides, np.float64)
    occurring = 0
    for i in range(m):
        root[i] = np.sqrt(px[i])
        if side[i] >= 0:
            mass[side[i]] += px[i]
            occurring += 1
    rank = occurring - sides
    if rank <= 0:
        return 0.0
    squared = m * m <= _SQUARE_SHARE * len(p)
    w = np.empty(len(p), np.float64)
    square = np.zeros((m, m) if squared else (0, 0), np.float64)
    for n in range(len(p)):
        w[n] = p[n] / (root[first[n]] * root[second[n]])
        if squared:
            square[first[n], second[n]] = w[n]
            square[second[n], first[n]] = w[n]
    steps = min(rank, 400)
    # Rows: the known vector of each block, then Lanczos's.
    basis = np.empty((sides + steps, m), np.float64)
    for s in range(sides):
        for i in range(m):
            basis[s, i] = root[i] / np.sqrt(mass[s]) if side[i] == s else 0.0
    y = _starting_vector(px, root)
    alpha = np.zeros(steps, np.float64)
    beta = np.zeros(steps, np.float64)
    _remove(y, basis, sides)
    _remove(y, basis, sides)
    norm = _norm(y)
    for size in range(1, steps + 1):
        for i in range(m):
            basis[sides + size - 1, i] = y[i] / norm
        if squared:
            _multiply_square(square, basis[sides + size - 1], y)
        else:
            _multiply_pairs(first, second, w, basis[sides + size - 1], y)
        alpha[size - 1] = _product(y, basis[sides + size - 1])
        _remove(y, basis, sides + size)
        norm = _norm(y)
        beta[size - 1] = norm
        finished = size == steps or norm < 1e-13
        if finished or (size >= 8 and size % 4 == 0):
            value, vector = _settled(alpha, beta, size, finished)
            if len(vector) > 0:
                u = np.zeros(m, np.float64)
                for v in range(size):
                    for i in range(m):
                        u[i] += vector[v] * basis[sides + v, i]
                return max(value * value - _lost_to_epsilon(first, second, w, px, value, u), 0.0)
    return 0.0


@inner_kernel
def _settled(alpha, beta, size, finished):  # type: ignore[no-untyped-def]
    """Give the eigenvalue of largest size and its vector; an empty vector when more steps are needed."""
    high = _extreme(alpha, beta, size, 1.0)
    low = _extreme(alpha, beta, size, -1.0)
    value, other = (high, low) if abs(high) >= abs(low) else (low, high)
    vector, value = _tridiagonal_vector(alpha, beta, size, value)
    if finished:
        return value, vector
    settled = beta[size - 1] * abs(vector[size - 1]) <= _TOLERANCE * max(abs(value), 0.01)
    if settled:
        # The other end of the spectrum must not be about to overtake.
        vector_of_other, other = _tridiagonal_vector(alpha, beta, size, other)
        rest = beta[size - 1] * abs(vector_of_other[size - 1])
        settled = rest <= 1e-6 or abs(other) + rest < abs(value)
    return value, vector if settled else vector[:0]


@inner_kernel
def _lost_to_epsilon(first, second, w, px, value, u):  # type: ignore[no-untyped-def]
    """Give what eps takes from the square of A's eigenvalue with the unit vector u.

    Q's right and left vectors are ``u / sqrt(p)`` and ``u sqrt(p)``, and to first order eps changes Q by
    ``-eps sum_k P(i, k) P(j, k) / (p(i) p(k))^2``: that is ``eps value v.Av`` with ``v = u / p``.
    """
    v = np.zeros(len(px), np.float64)
    for i in range(len(px)):
        if px[i] > 0:
            v[i] = u[i] / px[i]
    total = 0.0
    for n in range(len(w)):
        term = w[n] * v[first[n]] * v[second[n]]
        total += term if first[n] == second[n] else 2 * term
    return _EPSILON * value * total
