import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from RadFusionLib.deep.training import Task, TrainingSettings, train
from RadFusionLib.errors import Cancelled, InputError
from RadFusionLib.progress import Stage

SETTINGS = TrainingSettings(optimiser="adam", learning_rate=0.01, epochs=4, batch=5, seed=3)


class Line(Task):
    """A line through noisy points."""

    def __init__(self):
        torch.manual_seed(0)
        self.line = torch.nn.Linear(3, 1)
        super().__init__({"line": self.line})
        generator = torch.Generator().manual_seed(1)
        self.x = torch.randn(23, 3, generator=generator)
        self.y = self.x @ torch.tensor([[1.0], [-2.0], [0.5]])

    def loss(self, chosen, generator):
        noise = torch.from_numpy(generator.normal(0, 0.1, (len(chosen), 3)).astype(np.float32))
        return ((self.line(self.x[chosen] + noise) - self.y[chosen]) ** 2).mean()


def fitted(settings=SETTINGS, **options):
    task = Line()
    history = train(task, np.arange(23), settings, **options)
    return task.line.weight.detach().numpy().copy(), history


@pytest.mark.parametrize("schedule", ["cosine", "step", "constant"])
def test_the_rates_are_those_of_torch_s_schedules(schedule):
    settings = TrainingSettings(learning_rate=0.02, epochs=12, schedule=schedule, step_epochs=5, step_factor=0.1)
    steps = 7
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.02)
    schedulers = torch.optim.lr_scheduler
    reference = {
        "cosine": lambda: schedulers.CosineAnnealingLR(optimiser, T_max=12 * steps),
        "step": lambda: schedulers.StepLR(optimiser, step_size=5 * steps, gamma=0.1),
        "constant": lambda: schedulers.ConstantLR(optimiser, factor=1.0),
    }[schedule]()
    for step in range(12 * steps):
        expected = optimiser.param_groups[0]["lr"]
        assert settings.learning_rate * settings.factor(step, steps) == pytest.approx(expected, abs=1e-12)
        optimiser.step()
        reference.step()


@pytest.mark.parametrize(
    ("settings", "optimiser"),
    [
        (SETTINGS, lambda p: torch.optim.Adam(p, 0.01)),
        (
            TrainingSettings(optimiser="sgd", learning_rate=0.02, momentum=0.9, weight_decay=0.01, epochs=4, batch=5),
            lambda p: torch.optim.SGD(p, 0.02, momentum=0.9, weight_decay=0.01),
        ),
    ],
)
def test_the_loop_does_what_a_plain_loop_of_torch_does(settings, optimiser):
    weight, history = fitted(settings)
    task = Line()
    reference = optimiser(task.line.parameters())
    losses = []
    for epoch in range(4):
        generator = np.random.default_rng((settings.seed, epoch))
        order = generator.permutation(23)
        for start in range(0, 23, 5):
            reference.zero_grad()
            loss = task.loss(order[start : start + 5], generator)
            loss.backward()
            reference.step()
            losses.append(float(loss.detach()) * min(5, 23 - start))
    np.testing.assert_array_equal(weight, task.line.weight.detach().numpy())
    assert history[-1]["loss"] == pytest.approx(sum(losses[-5:]) / 23)
    assert history[-1]["loss"] < history[0]["loss"]


def test_progress_tells_the_loss_and_can_cancel():
    told = []

    def tell(fraction, message):
        told.append((fraction, message))
        return len(told) < 8

    with pytest.raises(Cancelled):
        fitted(progress=Stage(tell))
    assert len(told) == 8
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert told[0][1].startswith("epoch 1/4: loss ")


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("stop", [0.26, 0.5, 0.99])
def test_a_cancelled_training_goes_on_to_the_same_bits(tmp_path, optimiser, stop):
    settings = TrainingSettings(optimiser=optimiser, learning_rate=0.01, epochs=4, batch=5, schedule="cosine", seed=3)
    expected, history = fitted(settings)
    path = tmp_path / "run.safetensors"
    with pytest.raises(Cancelled):
        fitted(settings, checkpoint=path, progress=Stage(lambda fraction, message: fraction <= stop))
    assert path.is_file()
    weight, resumed = fitted(settings, checkpoint=path)
    np.testing.assert_array_equal(weight, expected)
    assert resumed == history
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def stopped(tmp_path):
    """A checkpoint after some epochs."""
    path = tmp_path / "run.safetensors"
    with pytest.raises(Cancelled):
        fitted(checkpoint=path, identity={"data": "a"}, progress=Stage(lambda fraction, message: fraction <= 0.6))
    return path


def test_a_checkpoint_of_other_settings_is_refused_by_the_setting_s_name(stopped):
    other = TrainingSettings(optimiser="adam", learning_rate=0.02, epochs=4, batch=5, seed=3)
    with pytest.raises(InputError, match=r"another training \(learning_rate is 0.01 there, 0.02 here\); remove it"):
        fitted(other, checkpoint=stopped, identity={"data": "a"})
    with pytest.raises(InputError, match=r"\(data is 'a' there, 'b' here\)"):
        fitted(checkpoint=stopped, identity={"data": "b"})
    with pytest.raises(InputError, match=r"\(data is 'a' there, None here\)"):
        fitted(checkpoint=stopped)


def test_a_checkpoint_is_safetensors_and_json(stopped):
    with safe_open(stopped, framework="numpy") as stream:
        header = json.loads(stream.metadata()["radfusion-training"])
        names = set(stream.keys())
    assert header["identity"]["data"] == "a"
    assert len(header["history"]) == 2
    assert {"line/weight", "line/bias", "optimiser/0/exp_avg", "optimiser/1/exp_avg_sq"} <= names


@pytest.mark.parametrize("spoil", ["noise", "cut", "other"])
def test_a_damaged_checkpoint_is_refused_in_a_sentence(stopped, spoil):
    if spoil == "other":
        from safetensors.numpy import save_file

        with safe_open(stopped, framework="numpy") as stream:
            metadata = stream.metadata()
        save_file(
            {"line/weight": np.zeros((1, 4), np.float32), "line/bias": np.zeros(1, np.float32)}, stopped, metadata
        )
    else:
        content = stopped.read_bytes()
        stopped.write_bytes(b"noise" * 40 if spoil == "noise" else content[:-8])
    with pytest.raises(InputError, match=r"run.safetensors (is no checkpoint|is damaged)"):
        fitted(checkpoint=stopped, identity={"data": "a"})


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[1])
import numpy as np, torch
from RadFusionLib.deep import SliceNetworkClassifier, TrainingSettings
from RadFusionLib.progress import Stage
from textures import two_textures
torch.set_num_threads(1)
images, labels = two_textures(12, 72)
training = TrainingSettings(optimiser="sgd", learning_rate=0.01, epochs=5, batch=5, schedule="cosine", seed=2)
classifier = SliceNetworkClassifier("compact_2d", "random", training, crop=64, normalisation="none")
def tell(fraction, message):
    time.sleep(float(sys.argv[4]))
    return True
classifier.fit(images, labels, checkpoint=sys.argv[2] or None, progress=Stage(tell))
np.savez(sys.argv[3], **classifier.tensors_)
"""


def test_a_killed_process_is_taken_up_to_the_same_bits(tmp_path):
    """SIGKILL in the middle of an epoch; a fresh process goes on and ends where an undisturbed one does."""
    here = str(Path(__file__).parent)
    checkpoint, names = tmp_path / "run.safetensors", ("whole.npz", "resumed.npz")

    def command(checkpoint, result, pause):
        return [sys.executable, "-c", KILLED, here, str(checkpoint), str(tmp_path / result), str(pause)]

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command("", names[0], 0), check=True, env=environment)
    with subprocess.Popen(command(checkpoint, "never.npz", 0.2), env=environment) as process:
        deadline = time.monotonic() + 120
        while not checkpoint.is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert checkpoint.is_file()
    assert not (tmp_path / "never.npz").exists()
    with safe_open(checkpoint, framework="numpy") as stream:
        done = len(json.loads(stream.metadata()["radfusion-training"])["history"])
    assert 1 <= done < 5
    subprocess.run(command(checkpoint, names[1], 0), check=True, env=environment)
    whole, resumed = (np.load(tmp_path / name) for name in names)
    assert set(whole) == set(resumed)
    for name in whole:
        np.testing.assert_array_equal(whole[name], resumed[name])
    assert not checkpoint.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"epochs": -1}, "epochs of a training must be a whole number of 0 or more"),
        ({"batch": 0}, "batch of a training"),
        ({"seed": True}, "seed of a training"),
        ({"learning_rate": float("nan")}, "learning_rate of a training must be a number"),
        ({"momentum": 1.5}, "momentum of a training must be a number from 0 to 1"),
        ({"optimiser": "lamb"}, "choose of adam, sgd"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        TrainingSettings(**wrong)


def test_a_loss_that_is_no_number_says_so():
    with pytest.raises(InputError, match="lower its learning_rate"):
        fitted(TrainingSettings(optimiser="sgd", learning_rate=1e20, epochs=9, batch=5))
