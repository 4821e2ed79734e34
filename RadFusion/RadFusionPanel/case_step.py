"""Step 1: the bundle, and which volume is which phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from RadFusionLib.errors import InputError, RadFusionError
from RadFusionLib.reading.bundle_facts import BundleFacts
from RadFusionLib.scene.phase_guess import guess_phases
from RadFusionLib.scene.slice_layers import show_background
from RadFusionPanel.phase_selectors import PHASES
from RadFusionPanel.step import Step

__all__ = ["CaseStep"]


class CaseStep(Step):
    """Bundle and phases."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._read: tuple[Path, bool] | None = None
        self._shown: Any = None
        # Whether the bundle that the scene names was read, or could not be, without anybody's asking.
        self._tried = False
        self.on(self.ui.readBundleButton, self.readBundle)
        self.ui.bundlePath.connect("currentPathChanged(QString)", self._chooseBundle)
        self.on(self.ui.sampleButton, self.loadSample)
        self.on(self.ui.guessButton, self.guess)

    def refresh(self) -> None:
        if self.ui.bundlePath.currentPath != self.chosen.bundleFile:
            self.ui.bundlePath.currentPath = self.chosen.bundleFile
        if self._read is not None and self._wanted() != self._read:
            # Another file was chosen: what the old one asked for says nothing of it.
            self.panel.facts, self._read = None, None
            self.ui.bundleLabel.text = _("Press Read bundle.")
        facts = self.panel.facts
        shown = facts.phases if facts is not None else ()
        for role, name in PHASES.items():
            chosen = getattr(self.chosen, name) is not None
            for widget in (getattr(self.ui, name), getattr(self.ui, f"{name}Label")):
                widget.visible = role in shown or (facts is None and chosen)
        self.ui.guessButton.enabled = facts is not None
        reference = self.panel.reference()
        if reference is not None and reference is not self._shown:
            self._shown = reference
            show_background(self.scene, reference)

    def sceneClosing(self) -> None:
        self._shown, self._tried = None, False
        self.say(self.ui.guessLabel, "")
        # Whoever read a bundle just now is told nothing more.
        self.ui.readBundleButton.enabled = True
        if self.panel.facts is None:
            self.ui.bundleLabel.text = _("No bundle read.")

    def readBundle(self, then: Callable[[], None] = lambda: None) -> None:
        """Read the bundle beside the window, show what it asks for, and go on with ``then``."""
        from RadFusionLib.scene.packages import install_packages

        path = self.panel.needBundle()
        install_packages()
        allowed = bool(self.chosen.allowDemonstration)
        if self.panel.work.open(path, allowed):
            self.panel.result.processIsNew()
        self.ui.bundleLabel.text = _("Reading the bundle ...")
        self.ui.readBundleButton.enabled = False

        def done(record: Mapping[str, Any]) -> None:
            self.ui.readBundleButton.enabled = True
            if self.chosen is None:
                return
            with self.panel.errorsShown():
                self._take(BundleFacts.from_record(record), (path, allowed))
                then()

        def failed(error: RadFusionError) -> None:
            self.ui.readBundleButton.enabled = True
            self.ui.bundleLabel.text = _("No bundle read.")
            self.panel.failed(error)

        self.panel.work.ask("facts_record", {}, done, failed)

    def readKnownBundle(self) -> None:
        """Read the bundle that a scene names, once, where it is there and nothing has to be installed first."""
        from RadFusionLib.scene.packages import missing_packages

        if self._tried or not self.ui.readBundleButton.enabled:
            return
        self._tried = True
        if Path(self.chosen.bundleFile).is_file() and not missing_packages():
            self.readBundle()

    def isRead(self) -> bool:
        """Whether the chosen bundle is the one that was read."""
        return self.panel.facts is not None and self._read == self._wanted()

    def guess(self) -> None:
        """Choose each phase's volume by its name, and say what is left to do."""
        found = guess_phases(self.scene, self.panel.needFacts().phases)
        for role, node in found.phases.items():
            setattr(self.chosen, PHASES[role], node)
        said = []
        if found.phases:
            said.append(_("Guessed by name: {roles}. Look whether they are right.").format(roles=_list(found.phases)))
        for role, names in found.unclear.items():
            said.append(_("{role} could be {names}; choose one.").format(role=role, names=_list(names)))
        if found.missing:
            said.append(_("No volume's name speaks of {roles}; choose them.").format(roles=_list(found.missing)))
        self.say(self.ui.guessLabel, " ".join(said))

    def loadSample(self) -> None:
        """Put the simulated case into the scene, and read the demonstration bundle."""
        from RadFusionLib.scene.packages import install_packages

        install_packages()
        from RadFusionPanel.sample_case import demonstration_bundle, load_sample_case

        nodes = load_sample_case(self.scene)
        self.chosen.bundleFile = str(demonstration_bundle())
        self._choose(nodes.phases)
        if nodes.segmentations:
            self.chosen.segmentation = nodes.segmentations[0]
        self.readBundle()

    def _chooseBundle(self, path: str) -> None:
        if self.chosen is not None:
            self.chosen.bundleFile = str(path)

    def _choose(self, phases: Mapping[str, Any]) -> None:
        for role, node in phases.items():
            setattr(self.chosen, PHASES[role], node)

    def _wanted(self) -> tuple[Path, bool]:
        return Path(self.chosen.bundleFile), bool(self.chosen.allowDemonstration)

    def _take(self, facts: BundleFacts, read: tuple[Path, bool]) -> None:
        self.panel.facts, self._read = facts, read
        self.ui.bundleLabel.text = _("{name}: the risk of {outcome}. {notice}").format(
            name=facts.name, outcome=facts.outcome, notice=facts.notice
        )
        if any(node is None for node in self.panel.phases().values()):
            self.guess()
        if self.panel.shell.marginIsDefault():
            self.chosen.marginMm = facts.margin_mm
        self.panel.refresh()

    def needPhases(self) -> dict[str, Any]:
        """Return the volume of every phase that the bundle asks for.

        Raises
        ------
        InputError
            When one is not chosen; the sentence names it.
        """
        phases = self.panel.phases()
        missing = [role for role, node in phases.items() if node is None]
        if missing:
            raise InputError(
                _("The bundle {name} needs the phase {roles}; choose a volume for it.").format(
                    name=self.panel.needFacts().name, roles=_list(missing)
                )
            )
        return phases


def _list(words: Any) -> str:
    return ", ".join(words)
