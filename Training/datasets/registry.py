"""All data sets that are known, and which of them a folder holds."""

from pathlib import Path

from ICHSegmentationLib.errors import InputError

from .bhsd import Bhsd
from .case import DatasetAdapter
from .cq500 import Cq500
from .csv_table import CsvTable
from .ct_ich import CtIch
from .ct_ich_pictures import CtIchPictures
from .default_data import DefaultData
from .instance2022 import Instance2022
from .nnunet import NnUNet
from .plain_folder import PlainFolder
from .rsna2019 import Rsna2019

ADAPTERS: tuple[DatasetAdapter, ...] = (
    Instance2022(), Bhsd(), CtIch(), CtIchPictures(), Rsna2019(), Cq500(), NnUNet(), DefaultData(),
    CsvTable(), PlainFolder(),
)  # fmt: skip
"""From the most particular layout to the most general: the first that matches is taken."""


def find_adapter(folder: Path, name: str | None = None) -> DatasetAdapter:
    """The adapter of the data set in ``folder``, or the one with this name.

    Raises:
        InputError: there is no such adapter, or the folder has none of the known layouts.
    """
    known = ", ".join(adapter.name for adapter in ADAPTERS)
    if name is not None:
        for adapter in ADAPTERS:
            if adapter.name == name:
                return adapter
        raise InputError(f"There is no data set named '{name}'.", f"Known: {known}.")
    if not folder.exists():
        raise InputError(f"Expected a data set at {folder}, found nothing there.", "Check the path.")
    for adapter in ADAPTERS:
        if adapter.matches(folder):
            return adapter
    raise InputError(
        f"Expected a data set in {folder}, found none of the known layouts ({known}).",
        "docs/datasets.md shows how each looks.",
    )
