"""How large and how fine a simulated acquisition is."""

from __future__ import annotations

from dataclasses import dataclass

from RadFusionLib.errors import InputError

__all__ = ["PROFILES", "Profile", "named_profile"]


@dataclass(frozen=True)
class Profile:
    """The size of a simulated acquisition; the patient behind it is the same in every profile.

    Parameters
    ----------
    name : str
        ``small`` or ``paper``.
    in_plane : tuple of float
        Voxel size in plane of the three centres, mm.
    slice_thickness : tuple of float
        Slice spacing of the three centres, mm.
    width : float
        Field of view in plane, mm.
    height : float
        Field of view across the slices beyond the tumour's diameter, mm.
    patient_spacing : float
        Voxel size of the isotropic grid on which the patient is built, mm.
    """

    name: str
    in_plane: tuple[float, float, float]
    slice_thickness: tuple[float, float, float]
    width: float
    height: float
    patient_spacing: float


PROFILES = {
    # A crop around the lesion, so that a case is small and quick.
    "small": Profile("small", (1.6, 1.75, 1.7), (3.0, 2.5, 3.5), 138.0, 38.0, 1.5),
    # Closer to a clinical field of view and matrix.
    "paper": Profile("paper", (1.0, 1.2, 0.9), (2.5, 2.0, 3.0), 220.0, 90.0, 1.2),
}


def named_profile(name: str) -> Profile:
    """Return the profile called ``name``.

    Raises
    ------
    InputError
        When there is none.
    """
    if name not in PROFILES:
        raise InputError(f"There is no profile {name!r}; choose one of {', '.join(PROFILES)}.")
    return PROFILES[name]
