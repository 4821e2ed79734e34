import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[4] / "shared/data/torchvision_state_dict"


@pytest.fixture(autouse=True, scope="session")
def one_core():
    """Small networks on a busy machine are faster on one core than on cores that wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def published_state():
    """From a network's name to torchvision's names and shapes with random values."""
    import torch

    def state_of(network):
        path = FOLDER / f"{network}.json"
        if not path.is_file():
            pytest.skip("torchvision's names and shapes (shared/data/torchvision_state_dict) are not here")
        generator = torch.Generator().manual_seed(5)
        state = {}
        for name, shape, dtype in json.loads(path.read_text())["state_dict"]:
            if dtype == "int64":
                state[name] = torch.tensor(7)
            else:
                state[name] = torch.randn(shape, generator=generator).abs() * 0.02
        return state

    return state_of
