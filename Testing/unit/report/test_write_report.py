import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from report_heads import SHAPE, head, stored

from ICHSegmentationLib.detection import CLASSES, Detection
from ICHSegmentationLib.errors import GridMismatchError
from ICHSegmentationLib.labels import INTRAPARENCHYMAL
from ICHSegmentationLib.report.page import style
from ICHSegmentationLib.report.write import write_report
from ICHSegmentationLib.volume import CTVolume, Volume
from ICHSegmentationLib.wording import in_percent

PROVENANCE = {
    "input": {"name": "scan.nii.gz", "sha256": "0123abcd", "path": "/archive/jane.doe/scan.nii.gz"},
    "model": {"id": "cascade-x", "version": "2.3.4", "sha256": {"fine": "feed"}, "licence": "CC BY 4.0"},
    "settings": {"device": "cpu", "measurement": {"connectivity": 26}},
    "versions": {"torch": "9.8.7"},
    "timings_s": {"locate": 1.25},
    "peak_memory_mb": 1834.2,
}


class Text(HTMLParser):
    """The words of a page as a reader sees them, and its tags."""

    def __init__(self, html):
        super().__init__()
        self.words, self.tags = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] != "style":
            self.words.append(data)

    def __str__(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def written(case, folder, /, **more):
    paths = write_report(folder, case.ct, case.mask, case.measurements(**more))
    return paths["report"].read_text(encoding="utf-8")


def test_both_files_are_written_and_named(bleeding_head, tmp_path):
    paths = write_report(tmp_path, bleeding_head.ct, bleeding_head.mask, bleeding_head.measurements())
    assert {key: path.name for key, path in paths.items()} == {
        "report": "report.html",
        "preview": "preview.png",
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["preview.png", "report.html"]


def test_the_page_needs_nothing_beside_it(bleeding_head, tmp_path):
    page = Text(written(bleeding_head, tmp_path, **PROVENANCE))
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "object"}
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "data:").startswith("data:")
    assert "url(" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_hostile_case_name_is_only_text(bleeding_head, tmp_path):
    name = '<script>alert("x")</script><img src=http://evil>'
    html = written(bleeding_head, tmp_path, case=name, warnings=[name], settings={name: name})
    assert "<script" not in html
    assert "<img src=http" not in html
    assert str(Text(html)).count(name) >= 5


def test_names_that_are_no_text_are_shown_as_far_as_they_go(bleeding_head, tmp_path):
    name = "M\udcfcller"
    html = written(bleeding_head, tmp_path, case=name, settings={"model": name})
    assert str(Text(html)).count("M\ufffdller") >= 2


def test_every_measurement_is_shown(bleeding_head, tmp_path):
    measurements = bleeding_head.measurements()
    text = str(Text(written(bleeding_head, tmp_path)))
    lesion = measurements["lesions"][0]
    tada = lesion["tada"]
    for key in ("a_mm", "b_mm", "c_mm", "c_kothari_mm"):
        assert f" {tada[key]:.1f} " in text
    for volume in (
        measurements["total_volume_ml"], *measurements["subtypes"].values(), tada["volume_ml"],
        tada["abc2_ml"], tada["volume_kothari_ml"], tada["abc2_kothari_ml"], tada["two_thirds_sh_ml"],
    ):  # fmt: skip
        assert (f"{volume:.2f}" if volume < 10 else f"{volume:.1f}") in text
    percent = 100 * (tada["volume_ml"] / lesion["volume_ml"] - 1)
    assert f"({percent:+.0f} %)".replace("-", "−") in text
    right, anterior, superior = lesion["centroid_mm"]
    assert f"R {right:.1f}, A {anterior:.1f}, {'S' if superior >= 0 else 'I'} {abs(superior):.1f}" in text
    assert "4–6" in text  # slices 3 to 5, counted from 1


def test_how_sure_a_told_subtype_is_reads_as_everywhere_else(bleeding_head, tmp_path):
    measurements = bleeding_head.measurements()
    sure, unsure = ({**lesion} for lesion in measurements["lesions"][:2])
    sure |= {"label": "subdural", "subtype_confidence": 0.9996, "subtype_told_by": "anatomy"}
    unsure |= {"label": "hemorrhage", "subtype_confidence": 0.432, "subtype_told_by": "anatomy"}
    text = str(Text(written(bleeding_head, tmp_path, lesions=[sure, unsure]))).replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert f"told, {in_percent(0.9996)}" in text and f"unsure, {in_percent(0.432)}" in text
    assert "100 %" not in text


def test_what_was_not_told_apart_stands_beside_the_subtypes(bleeding_head, tmp_path):
    first, *others = bleeding_head.measurements()["lesions"]
    lesions = [{**first, "label": "hemorrhage", "volume_ml": 4.56}, *others]
    told = {"intraventricular": others[0]["volume_ml"]}
    text = str(Text(written(bleeding_head, tmp_path, lesions=lesions, subtypes=told)))
    assert "Hemorrhage, subtype not told 4.56" in text


def test_marked_slices_of_a_scan_that_hardly_bleeds_are_not_called_likely(healthy_head, tmp_path):
    slices = np.full((9, len(CLASSES)), 0.01, np.float32)
    slices[4, 0] = 0.4
    found = Detection(
        slices.max(axis=0), slices, np.full(6, 0.3, np.float32), scan_thresholds=np.full(6, 0.5, np.float32)
    )
    detection = {**found.to_dict(), "model": {"id": "light", "version": "1.0"}}
    text = str(Text(written(healthy_head, tmp_path, detection=detection)))
    assert "No hemorrhage likely (40 %)" in text
    assert "or marked by the detector (framed)" in text
    assert "likely to the detector" not in text


def test_every_run_of_marked_slices_without_an_outline_is_shown(tmp_path):
    hu, labels = (np.repeat(array[4:5], 62, axis=0) for array in head([(2, (4, 5), (20, 32), (10, 20))]))
    labels[40:] = 0
    affine = np.diag([-2.5, -2.0, 2.5, 1])
    slices = np.full((62, len(CLASSES)), 0.01, np.float32)
    slices[[*range(40), 45, 55, 58, 59], 0] = [*[0.6] * 42, 0.6, 0.9]
    found = Detection(slices.max(axis=0), slices, np.full(6, 0.5, np.float32))
    detection = {**found.to_dict(), "model": {"id": "light", "version": "1.0"}}
    case = type(stored(*head()))(CTVolume(hu, affine), Volume(labels, affine))
    text = str(Text(written(case, tmp_path, detection=detection))).replace("\xa0", " ")
    for told in ("46 · detector 60 %", "56 · detector 60 %", "60 · detector 90 %"):
        assert f" {told}" in text
    assert text.count("· detector") == 24


def test_the_bars_of_hundreds_of_slices_need_no_fixed_room():
    (bar,) = re.findall(r"\.likelihood span \{([^}]*)\}", style())
    assert "px" not in bar
    assert "rem" not in bar


def test_a_lesion_without_tada_says_why(bleeding_head, tmp_path):
    reason = next(
        lesion["tada"]["reason"] for lesion in bleeding_head.measurements()["lesions"]
        if lesion["label"] == "intraventricular"
    )  # fmt: skip
    assert f"Tada not applicable. {reason}" in str(Text(written(bleeding_head, tmp_path)))


@pytest.mark.parametrize(("rows", "crossed"), [((10, 60), True), ((30, 40), False)])
def test_the_30_ml_mark_is_told_where_it_is_crossed(rows, crossed, tmp_path):
    text = str(Text(written(stored(*head([(2, (2, 6), rows, (20, 40))])), tmp_path)))
    assert ("≥ 30 mL" in text) is crossed


def test_provenance_is_shown_without_folders(bleeding_head, tmp_path):
    text = str(Text(written(bleeding_head, tmp_path, **PROVENANCE)))
    for fact in ("cascade-x", "2.3.4", "feed", "CC BY 4.0", "0123abcd", "9.8.7", "1.25", "1834.2", "cpu"):
        assert fact in text
    assert "jane.doe" not in text


def test_a_given_mask_has_no_model(bleeding_head, tmp_path):
    assert "the mask was given" in str(Text(written(bleeding_head, tmp_path, model=None)))


def test_warnings_of_the_run_and_of_the_scan_stand_before_the_lesions(bleeding_head, tmp_path):
    ct = CTVolume(bleeding_head.ct.voxels, bleeding_head.ct.affine, warnings=("Slices are missing.",))
    measurements = bleeding_head.measurements(warnings=["Motion suspected.", "Slices are missing."])
    paths = write_report(tmp_path, ct, bleeding_head.mask, measurements)
    text = str(Text(paths["report"].read_text(encoding="utf-8")))
    assert text.count("Slices are missing.") == 1
    assert text.index("Motion suspected.") < text.index("Voxel volume")


def test_no_hemorrhage_is_a_calm_result(healthy_head, tmp_path):
    page = Text(written(healthy_head, tmp_path))
    assert "No hemorrhage segmented" in str(page)
    assert "Warnings" not in str(page)
    assert sum(tag == "img" for tag, _ in page.tags) >= 5
    assert not any("drawn" in (attributes.get("class") or "") for _, attributes in page.tags)


@pytest.mark.parametrize("name", ["bleeding_head", "healthy_head"])
def test_research_use_only_is_the_first_thing_said(name, request, tmp_path):
    html = written(request.getfixturevalue(name), tmp_path)
    body = str(Text(html[html.index("<body") :])).strip()
    assert body.startswith("Research use only; not a medical device.")


def test_pictures_have_words_and_table_heads_have_a_scope(bleeding_head, tmp_path):
    page = Text(written(bleeding_head, tmp_path, **PROVENANCE))
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert all(attributes.get("scope") in {"row", "col"} for tag, attributes in page.tags if tag == "th")
    assert sum(tag == "h1" for tag, _ in page.tags) == 1


def test_only_total_and_lesions_are_needed(bleeding_head, tmp_path):
    full = bleeding_head.measurements()
    lesions = [
        {key: lesion[key] for key in ("id", "label", "volume_ml", "slices")} for lesion in full["lesions"]
    ]
    paths = write_report(
        tmp_path / ".", bleeding_head.ct, bleeding_head.mask,
        {"total_volume_ml": full["total_volume_ml"], "lesions": lesions},
    )  # fmt: skip
    assert tmp_path.name in str(Text(paths["report"].read_text(encoding="utf-8")))


def test_the_preview_shows_the_outline_in_its_colour_on_a_dark_ground(bleeding_head, tmp_path):
    written(bleeding_head, tmp_path)
    with Image.open(tmp_path / "preview.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert pixels.shape[1] == 1200
    assert pixels[-1, -1].max() < 40
    assert (np.abs(pixels[70:] - INTRAPARENCHYMAL.colour).max(axis=2) < 25).sum() > 100


@pytest.mark.parametrize("slices", [1, 2])
def test_a_scan_of_few_slices_has_a_report(slices, tmp_path):
    hu, labels = head([(2, (3, 6), (20, 32), (10, 20))])
    affine = stored(hu, labels).ct.affine
    mask = Volume(labels[4 : 4 + slices], affine)
    case = type(stored(hu, labels))(CTVolume(hu[4 : 4 + slices], affine), mask)
    assert "A, B on" in str(Text(written(case, tmp_path))).replace("\xa0", " ")


def test_a_scan_without_tissue_has_a_report(tmp_path):
    air, empty = np.full(SHAPE, -1000, np.int16), np.zeros(SHAPE, np.uint8)
    assert "No hemorrhage segmented" in written(stored(air, empty), tmp_path)


def test_a_mask_on_another_grid_is_refused(bleeding_head, tmp_path):
    moved = np.array(bleeding_head.mask.affine)
    moved[0, 3] += 5
    with pytest.raises(GridMismatchError):
        write_report(
            tmp_path, bleeding_head.ct, Volume(bleeding_head.mask.voxels, moved), bleeding_head.measurements()
        )


def test_the_page_of_a_full_size_case_is_small(tmp_path):
    rng = np.random.default_rng(0)
    _, rows, columns = np.ogrid[:32, :512, :512]
    inside = np.broadcast_to(((rows - 256) / 210) ** 2 + ((columns - 256) / 180) ** 2 < 1, (32, 512, 512))
    hu = np.where(inside, rng.normal(32, 5, (32, 512, 512)), -1000).astype(np.int16)
    labels = np.zeros(hu.shape, np.uint8)
    labels[6:28, 200:280, 150:240] = 2
    affine = np.diag([-0.45, -0.45, 5.0, 1])
    ct, mask = CTVolume(hu, affine), Volume(labels, affine)
    lesion = {"id": 1, "label": "intraparenchymal", "volume_ml": 160.0, "slices": [6, 27]}
    paths = write_report(tmp_path, ct, mask, {"total_volume_ml": 160.0, "lesions": [lesion]})
    assert paths["report"].stat().st_size < 1_500_000


def test_importing_the_library_loads_neither_jinja_nor_pillow():
    code = "import sys, ICHSegmentationLib; print({'jinja2', 'PIL'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
