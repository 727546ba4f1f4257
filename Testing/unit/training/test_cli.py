"""What ``ichseg-train`` says where a data set does not have what is asked for."""

import json

from ICHSegmentationLib.errors import InputError
from Training.cli import main


def test_an_evaluation_of_held_out_cases_needs_some(tmp_path, capsys):
    prepared, masks, out = (tmp_path / name for name in ("prepared", "masks", "out"))
    for folder in (prepared, masks):
        folder.mkdir()
    (prepared / "dataset.json").write_text(json.dumps({"folder": str(tmp_path)}))
    (prepared / "cases.csv").write_text("case,image,mask,patient\n")
    (prepared / "splits.json").write_text(json.dumps({"folds": [{"val": []}], "held_out": []}))
    asked = ["evaluate", str(masks), "--references", str(prepared), "-o", str(out), "--held-out"]
    assert main(asked) == InputError.exit_code
    told = capsys.readouterr().err
    assert "holds out no case" in told
    assert "Take --fold" in told
    assert not out.exists()
