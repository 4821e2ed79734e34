import pytest


@pytest.fixture(autouse=True, scope="session")
def one_core():
    """Small networks on a busy machine are faster on one core than on cores that wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
