"""A local server that speaks the Managed Agents API. Imports nothing of evalkit but `sandbox`; met only over HTTP."""

from evalkit.emulator.scenario import Scenario, ScenarioError, load_scenario, uncovered_criteria
from evalkit.emulator.server import Emulator, EmulatorOptionError, EmulatorStartError

__all__ = [
    "Emulator",
    "EmulatorOptionError",
    "EmulatorStartError",
    "Scenario",
    "ScenarioError",
    "load_scenario",
    "uncovered_criteria",
]
