"""``ichseg models``"""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from .. import models
from ..errors import ICHError, ModelError
from ..models import ModelFolder
from .failures import tell
from .say import say


def run(options: Namespace) -> int:
    """List, verify, import or remove models."""
    action = {"list": _list, "verify": _verify, "import": _import, "remove": _remove}[options.action]
    return action(options)


def _list(options: Namespace) -> int:
    return _for_each([str(place) for place in models.places()], lambda model: str(model.path))


def _verify(options: Namespace) -> int:
    def verified(model: ModelFolder) -> str:
        model.verify()
        return f"unchanged, SHA-256 {model.manifest.sha256}"

    return _for_each(options.models or [str(place) for place in models.places()], verified)


def _import(options: Namespace) -> int:
    if "://" not in options.source:
        model = models.import_folder(Path(options.source))
    elif options.sha256:
        model = models.download(options.source, options.sha256)
    else:
        raise ModelError(
            "Expected the SHA-256 of what stands at a web address.",
            "Give it with --sha256; its publisher tells it.",
        )
    say(f"{model.manifest.id} {model.manifest.version}: imported to {model.path}\n")
    return 0


def _remove(options: Namespace) -> int:
    models.remove(options.model)
    say(f"{options.model}: removed\n")
    return 0


def _for_each(names: list[str], told: Callable[[ModelFolder], str]) -> int:
    """A line for each model; the exit code is that of the first one in trouble."""
    exit_code = 0
    for name in names:
        try:
            model = models.find(name)
            say(f"{model.manifest.id} {model.manifest.version}: {told(model)}\n")
        except ICHError as error:
            tell(error)
            exit_code = exit_code or error.exit_code
    if not names:
        say("No model is installed.\n")
    return exit_code
