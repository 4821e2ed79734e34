"""The maximal correlation coefficient (MCC) of a co-occurrence matrix."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.region import FloatArray

__all__ = ["maximal_correlation"]

_EPSILON = np.spacing(1.0)


def maximal_correlation(
    first: npt.NDArray[np.int32], second: npt.NDArray[np.int32], p: FloatArray, px: FloatArray
) -> float:
    """Compute the square root of the second largest eigenvalue of Q.

    ``Q(i, j) = sum_k P(i, k) P(j, k) / (p(i) p(k) + eps)``. Without eps, and for a symmetric P, Q is similar to
    the square of ``A = D^-1/2 P D^-1/2`` with ``D = diag(p)``, so the symmetric A's eigenvalues do. The reference's
    eps (2.2e-16) matters where levels are rare; it is put back by first-order perturbation.

    Parameters
    ----------
    first, second : (n,) int32 arrays
        Pairs of levels, first <= second.
    p : (n,) float64 array
        The matrix at each pair, and at its mirror image.
    px : (m,) float64 array
        Its marginal.
    """
    if len(px) < 2:
        return 1.0  # the reference's value for a region of one level
    matrix = np.zeros((len(px), len(px)))
    matrix[first, second] = p
    matrix[second, first] = p
    kept = px > 0
    matrix, px = matrix[np.ix_(kept, kept)], px[kept]
    if len(px) < 2:
        return 0.0
    root = np.sqrt(px)
    values, vectors = np.linalg.eigh(matrix / np.outer(root, root))
    squares = values**2
    order = np.argsort(squares)[::-1]
    second_largest = squares[order[1]]
    # eps changes an eigenvalue lambda^2 with vector u by y' dQ x, where x = u / sqrt(p) and y = u sqrt(p) are the
    # eigenvectors of Q and dQ = -eps sum_k P(i,k) P(j,k) / (p(i) p(k))^2. Where several eigenvalues coincide, the
    # perturbation chooses their directions: the small matrix y' (Q + dQ) x among them has the corrected ones.
    near = np.flatnonzero(np.abs(squares - second_largest) < 1e-5)
    u = vectors[:, near]
    left = (matrix @ (u * px[:, None] ** -1.5)) / px[:, None]
    right = (matrix @ (u / root[:, None])) / px[:, None]
    corrected = np.sort(np.linalg.eigvals(np.diag(squares[near]) - _EPSILON * left.T @ right).real)
    above = int((squares[order] >= second_largest + 1e-5).sum())  # 1 where the trivial eigenvalue is apart
    return float(np.sqrt(max(corrected[-(2 - above)], 0.0)))
