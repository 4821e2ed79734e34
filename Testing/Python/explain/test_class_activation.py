"""Class activation against MONAI's, against derivatives, and in the patient."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep.networks import build
from RadFusionLib.explain import SENTINEL
from RadFusionLib.explain.class_activation import activation_heatmap, class_activation, grad_cam
from RadFusionLib.explain.placement import cells_of_layer, place

torch = pytest.importorskip("torch", reason="torch is not installed")


def network(name: str):
    torch.manual_seed(3)
    made = build(name)
    for module in made.modules():
        # Initial batch statistics would make every activation alike.
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return made


def untouched(x):
    return x


@pytest.mark.parametrize(("name", "shape"), [("resnet50", (3, 96, 96)), ("r3d_18", (3, 24, 32, 32))])
def test_both_maps_equal_monais(name, shape):
    from monai.visualize import CAM, GradCAM

    made = network(name)
    inputs = np.random.default_rng(1).random(shape, dtype=np.float32)
    ours, plain = grad_cam(made, inputs, 7), class_activation(made, inputs, 7)
    assert not any(m._forward_hooks or m._backward_hooks for m in made.modules())
    x = torch.as_tensor(inputs)[None]
    theirs = GradCAM(made, "layer4", upsampler=lambda _: untouched, postprocessing=untouched)(x, class_idx=7)
    assert ours == pytest.approx(theirs[0, 0].detach().numpy(), rel=1e-4, abs=1e-7)
    assert ours.shape == tuple(theirs.shape[2:])
    theirs = CAM(made, "layer4", "fc", upsampler=lambda _: untouched, postprocessing=untouched)(x, class_idx=[7])
    # MONAI adds the classifier's intercept to each cell.
    bias = float(made.fc.bias[7].detach())
    assert plain + bias == pytest.approx(theirs[0, 0].detach().numpy(), rel=1e-4, abs=1e-5)
    assert plain.mean() + bias == pytest.approx(float(made(x)[0, 7].detach()), rel=1e-4)


def test_a_signature_of_the_features_is_explained_as_a_class_is():
    made = network("compact")
    inputs = np.random.default_rng(2).random((1, 32, 32, 32), dtype=np.float32)
    weights = np.random.default_rng(3).normal(size=128).astype(np.float32)

    def signature(features: torch.Tensor) -> torch.Tensor:
        return (features * torch.as_tensor(weights)).sum()

    plain = class_activation(made, inputs, weights)
    assert plain.mean() == pytest.approx(
        float(signature(made(torch.as_tensor(inputs)[None]).flatten(1)).detach()), rel=1e-4
    )
    # The mean's gradient is each weight over the number of cells: the two maps are the same where positive.
    found = grad_cam(made, inputs, lambda output: signature(output.flatten(1)))
    assert found == pytest.approx(np.maximum(plain, 0) / plain.size, rel=1e-4, abs=1e-8)


def test_frozen_networks_have_maps_and_unknown_layers_are_named():
    made = network("compact_2d")
    for parameter in made.parameters():
        parameter.requires_grad_(False)
    size = made.conv1.in_channels, 64, 64
    assert grad_cam(made, np.ones(size, dtype=np.float32), lambda output: output.sum(), "layer2").ndim == 2
    with pytest.raises(ValueError, match="no layer named 'layer9'"):
        grad_cam(made, np.ones(size, dtype=np.float32), 0, "layer9")


@pytest.mark.parametrize("layer", ["layer2", "layer4"])
def test_cells_lie_where_they_look(layer):
    """The centroid of what a cell depends on is the place the cell is given."""
    made = network("compact_2d")
    edge = 320
    x = torch.zeros((1, made.conv1.in_channels, edge, edge), requires_grad=True)
    kept = []
    hook = dict(made.named_modules())[layer].register_forward_hook(lambda m, i, o: kept.append(o))
    made(x)
    hook.remove()
    seen = Geometry((edge, edge, 1), (0.7, 0.7, 5.0))
    cells = cells_of_layer(seen, tuple(kept[0].shape[2:]))
    number = kept[0].shape[2] // 2
    # Rectifiers that are shut would hide a part of the field: the linear reach is what counts.
    reach = torch.zeros(edge)
    for trial in range(4):
        torch.manual_seed(trial)
        y = torch.randn_like(x).requires_grad_()
        kept.clear()
        hook = dict(made.named_modules())[layer].register_forward_hook(lambda m, i, o: kept.append(o))
        made(y)
        hook.remove()
        (gradient,) = torch.autograd.grad(kept[0][0, :, number, number].sum(), y)
        reach += gradient[0].abs().sum(dim=(0, 1))
    centroid = float((reach * torch.arange(edge)).sum() / reach.sum())
    given = float(cells.spacing[0] * number / seen.spacing[0])
    stride = cells.spacing[0] / seen.spacing[0]
    assert abs(given - centroid) < 0.15 * stride


class Brightness(torch.nn.Module):
    """A network whose one layer is as bright as what it sees."""

    def __init__(self, dimensions: int, stride: int) -> None:
        super().__init__()
        kind = torch.nn.Conv2d if dimensions == 2 else torch.nn.Conv3d
        self.layer4 = kind(1, 2, stride + 1, stride, stride // 2)
        self.fc = torch.nn.Linear(2, 2)
        with torch.no_grad():
            self.layer4.weight.fill_(1.0)
            self.layer4.bias.zero_()
            self.fc.weight.fill_(1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.layer4(x).flatten(2).mean(dim=2))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_map_is_highest_where_the_network_looked(dimensions):
    angle = np.deg2rad(25)
    direction = ((np.cos(angle), -np.sin(angle), 0.0), (np.sin(angle), np.cos(angle), 0.0), (0.0, 0.0, 1.0))
    phase = Geometry((70, 60, 24), (1.0, 1.2, 3.0), (-30.0, 12.0, 7.0), direction)
    depth = 1 if dimensions == 2 else 32
    corner = phase.index_to_physical(np.array([[10.0, 8.0, 11.0 if dimensions == 2 else 4.0]]))[0]
    seen = Geometry((48, 40, depth), (0.9, 0.9, 3.0 if dimensions == 2 else 1.5), tuple(corner), direction)
    image = np.zeros(seen.shape, dtype=np.float32)
    spot = (0 if dimensions == 2 else 16, 24, 32)
    image[spot] = 1
    inputs = image if dimensions == 2 else image[None]
    region = Volume(np.ones(phase.shape, dtype=bool), phase)
    for found in (
        grad_cam(Brightness(dimensions, 8), inputs, 1),
        class_activation(Brightness(dimensions, 8), inputs, 1),
    ):
        heatmap = activation_heatmap(found, seen, region)
        inside = heatmap.inside
        assert heatmap.kind == "cam"
        assert heatmap.volume.array[inside].min() >= 0
        assert heatmap.volume.array[inside].max() == pytest.approx(1.0)
        weight = np.where(inside, heatmap.volume.array, 0.0)
        points = phase.index_to_physical(np.argwhere(weight > 0)[:, ::-1])
        centre = (points * weight[weight > 0][:, None]).sum(axis=0) / weight.sum()
        target = seen.index_to_physical(np.array([spot[::-1]], dtype=float))[0]
        assert np.linalg.norm(centre - target) < 1.5
        slices = np.unique(np.argwhere(inside)[:, 0])
        if dimensions == 2:
            assert slices.tolist() == [11]
        assert (heatmap.volume.array[~inside] == SENTINEL).all()


def test_a_linear_map_is_placed_exactly():
    cells = Geometry((5, 6, 4), (2.0, 3.0, 4.0), (1.0, 2.0, 3.0))
    fine = Geometry((17, 21, 13), (0.5, 0.7, 0.9), (1.2, 2.4, 3.6))
    k, j, i = np.indices(cells.shape)
    field = lambda p: p @ np.array([0.3, -0.2, 0.5]) + 1  # noqa: E731
    values = field(cells.index_to_physical(np.stack([i, j, k], -1).reshape(-1, 3))).reshape(cells.shape)
    region = Volume(np.random.default_rng(0).random(fine.shape) > 0.4, fine)
    placed = place(values, cells, Geometry((8, 15, 12), (1.0, 1.0, 1.0), (1.5, 2.5, 3.5)), region)
    voxels = np.argwhere(placed.array != SENTINEL)
    assert len(voxels) > 1000
    points = fine.index_to_physical(voxels[:, ::-1])
    assert placed.array[tuple(voxels.T)] == pytest.approx(field(points), abs=1e-5)
    assert (placed.array[~region.array] == SENTINEL).all()
    with pytest.raises(ValueError, match="does not fit cells"):
        place(values[1:], cells, cells, region)


def test_a_map_without_anything_positive_is_zero():
    seen = Geometry((8, 8, 8))
    region = Volume(np.ones(seen.shape, dtype=bool), seen)
    heatmap = activation_heatmap(np.full((2, 2, 2), -3.0), seen, region)
    assert not heatmap.volume.array.any()
