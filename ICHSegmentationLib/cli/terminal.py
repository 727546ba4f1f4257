"""The consoles that commands draw on."""

from rich.console import Console

from .say import silence


class Terminal(Console):
    """Writes for a person, and goes quiet once whoever read it has gone: rich would end the process."""

    def __init__(self, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        silence(self.file)
