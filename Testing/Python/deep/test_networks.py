import subprocess
import sys

import pytest

from RadFusionLib.deep.networks import NETWORKS, build, network_spec
from RadFusionLib.errors import InputError


@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_description_counts_the_network_s_parameters(name):
    parameters = sum(p.numel() for p in build(name).parameters())
    assert parameters == network_spec(name).parameters


def test_compact_is_compact():
    spec = network_spec("compact")
    assert spec.parameters < 2_000_000
    assert (spec.input_size, spec.channels, spec.features) == (32, 1, 128)


def test_an_unknown_network_is_named():
    with pytest.raises(InputError, match=r"vgg.*choose one of r3d_18, compact"):
        build("vgg")


def test_importing_the_package_imports_neither_torch_nor_monai():
    check = (
        "import sys, RadFusionLib.deep as deep; deep.NETWORKS, deep.resolve_weights, deep.extract; "
        "sys.exit(any(m in sys.modules for m in ('torch', 'monai', 'scipy', 'SimpleITK')))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_the_function_is_not_hidden_by_its_file():
    check = (
        "from RadFusionLib.deep.region_input import prepare_region\n"
        "from RadFusionLib.deep import region_input\n"
        "assert callable(region_input)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
