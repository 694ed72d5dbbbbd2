"""The floor shares the namespace tests' ways of running, and their house."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "netns"))
pytest_plugins = ["suite"]
