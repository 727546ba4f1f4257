"""Right is on the viewer's left and anterior is up, however the scan is stored."""

import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw
from report_heads import SPACING, canonical_affine, head, stored

from ICHSegmentationLib.labels import INTRAPARENCHYMAL
from ICHSegmentationLib.report.annotate import A_COLOUR, Stroke, diameters, directions, measured_on, outlines
from ICHSegmentationLib.report.drawing import draw
from ICHSegmentationLib.report.stack import SliceStack, key_slices, spread

HALF = 175  # half-way between brain and blood on the pictures
RIGHT_FRONT = (2, (3, 6), (18, 30), (8, 18))


def rotation(axis, degrees):
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    a = np.radians(degrees)
    return np.eye(3) + np.sin(a) * k + (1 - np.cos(a)) * k @ k


STORAGE = {
    "canonical": {},
    "flipped left to right, left-handed": {"flips": (False, False, True)},
    "flipped front to back": {"flips": (False, True, False)},
    "from above downward": {"flips": (True, False, False)},
    "sagittal": {"order": (2, 0, 1)},
    "sagittal, flipped": {"order": (2, 0, 1), "flips": (True, True, False)},
    "coronal": {"order": (1, 0, 2), "flips": (False, True, False)},
    "oblique": {"turn": rotation((1, 2, -1), 20)},
    "oblique, sagittal, left-handed": {
        "order": (2, 0, 1), "flips": (True, False, False), "turn": rotation((1, 0, 1), 25),
    },
    "tilted gantry": {"shear": 2.0},
}  # fmt: skip


@pytest.fixture(params=STORAGE.values(), ids=STORAGE.keys())
def any_storage(request):
    return stored(*head([RIGHT_FRONT]), **request.param)


def middle_of_the_bleeding(case):
    stack = SliceStack.of(case.ct, case.mask)
    index = key_slices(stack, case.measurements()["lesions"], 1)[0]
    return stack, index, stack.frame(240)


def bright(picture):
    return np.argwhere(np.asarray(picture) > HALF)[:, ::-1].mean(axis=0) / picture.size


def test_bleeding_on_the_right_in_front_is_drawn_at_the_upper_left(any_storage):
    stack, index, frame = middle_of_the_bleeding(any_storage)
    x, y = bright(frame.picture(stack.grey(index)))
    assert x < 0.45
    assert y < 0.45


def test_the_outline_runs_along_the_edge_of_what_is_bright(any_storage):
    stack, index, frame = middle_of_the_bleeding(any_storage)
    (line,) = outlines(stack.labels[index], frame)
    canvas = Image.new("L", frame.size)
    ImageDraw.Draw(canvas).polygon([tuple(p) for p in line.points], fill=255)
    inside, blood = np.asarray(canvas) > 0, np.asarray(frame.picture(stack.grey(index))) > HALF
    overlap = 2 * (inside & blood).sum() / (inside.sum() + blood.sum())
    assert line.colour == INTRAPARENCHYMAL.colour
    assert overlap > 0.93


def test_the_ends_of_a_and_b_lie_on_the_outline(any_storage):
    stack, index, frame = middle_of_the_bleeding(any_storage)
    (line,) = outlines(stack.labels[index], frame)
    lesions = measured_on(stack, index, any_storage.measurements()["lesions"])
    strokes, _ = diameters(lesions, frame)
    assert [stroke.kind for stroke in strokes] == ["a", "b"]
    corner_cut = max(SPACING[1:]) / 2 / frame.mm_per_pixel  # the outline cuts each corner by half a voxel
    for end in np.concatenate([stroke.points for stroke in strokes]):
        assert distance_to(line.points, end) <= corner_cut + 0.1


def distance_to(line, point):
    starts, steps = line[:-1], np.diff(line, axis=0)
    along = np.clip(((point - starts) * steps).sum(axis=1) / (steps**2).sum(axis=1), 0, 1)
    return np.linalg.norm(starts + along[:, None] * steps - point, axis=1).min()


def test_lengths_on_the_picture_are_true(any_storage):
    stack, index, frame = middle_of_the_bleeding(any_storage)
    (lesion,) = measured_on(stack, index, any_storage.measurements()["lesions"])
    strokes, words = diameters([lesion], frame)
    for stroke, word, key in zip(strokes, words, ("a_mm", "b_mm"), strict=True):
        length = np.linalg.norm(stroke.points[1] - stroke.points[0]) * frame.mm_per_pixel
        assert length == pytest.approx(lesion["tada"][key], rel=1e-6)
        assert word.text.endswith(f"{lesion['tada'][key]:.1f} mm")


def test_a_is_drawn_between_its_ends():
    case = stored(*head([RIGHT_FRONT]))
    _, _, frame = middle_of_the_bleeding(case)
    strokes, _ = diameters(case.measurements()["lesions"], frame)
    drawn = np.asarray(draw(Image.new("L", frame.size), strokes[:1], [], 12)).astype(int)
    coloured = np.argwhere(np.abs(drawn - A_COLOUR).max(axis=2) < 60)[:, ::-1] + 0.5
    for end in strokes[0].points:
        assert np.linalg.norm(coloured - end, axis=1).min() < 2
    low, high = strokes[0].points.min(axis=0), strokes[0].points.max(axis=0)
    assert (coloured >= low - 2).all()
    assert (coloured <= high + 2).all()


def test_a_stroke_that_leaves_the_picture_is_cut_off():
    line = Stroke("outline", np.array([[-20.0, 5.0], [60.0, 5.0]]), (255, 0, 0), 2)
    drawn = np.asarray(draw(Image.new("L", (40, 10)), [line], [], 12))
    assert (drawn[5, :, 0] > 200).all()


def test_the_letters_stand_where_the_patient_s_sides_are():
    stack, _, frame = middle_of_the_bleeding(stored(*head([RIGHT_FRONT]), flips=(False, True, True)))
    places = {word.text: (word.x, word.y) for word in directions(frame)}
    ends = {"R": (1, 0, 0), "L": (-1, 0, 0), "A": (0, 1, 0), "P": (0, -1, 0)}
    for (one, a), (other, b) in itertools.permutations(ends.items(), 2):
        apart = stack.plane.of_patient(np.array(a) * 50.0) - stack.plane.of_patient(np.array(b) * 50.0)
        drawn = np.subtract(places[one], places[other])
        assert np.sign(np.round(apart, 6)).tolist() == np.sign(np.round(drawn, 6)).tolist()


def test_a_round_head_of_oblong_voxels_is_drawn_round():
    rows, columns = np.ogrid[:80, :64]
    x, y = (columns - 31.5) * SPACING[2], (rows - 39.5) * SPACING[1]
    hu = np.where(np.broadcast_to(x**2 + y**2 < 60**2, (9, 80, 64)), 70, -1000).astype(np.int16)
    case = stored(hu, np.zeros((9, 80, 64), np.uint8))
    stack = SliceStack.of(case.ct, case.mask)
    picture = np.asarray(stack.frame(240).picture(stack.grey(4))) > 128
    assert np.ptp(np.flatnonzero(picture.any(axis=0))) == pytest.approx(
        np.ptp(np.flatnonzero(picture.any(axis=1))), abs=5
    )


def test_a_voxel_is_drawn_where_the_affine_puts_it():
    case = stored(*head([(2, (4, 5), (30, 31), (12, 13))]))
    stack = SliceStack.of(case.ct, case.mask)
    frame = stack.frame(480)
    centre = frame.pixels(stack.plane.of_patient((canonical_affine() @ (12, 30, 4, 1))[:3]))
    assert bright(frame.picture(stack.grey(4))) * frame.size == pytest.approx(centre, abs=1)


def test_pictures_are_cropped_to_the_head_but_never_through_a_label():
    hu, labels = head([RIGHT_FRONT])
    labels[4, 0, 0] = 2
    stack, _, whole = middle_of_the_bleeding(stored(hu, labels))
    corner = whole.pixels(stack.plane.of_indices((0, 0)))
    assert (corner > 0).all()
    cropped = middle_of_the_bleeding(stored(*head([RIGHT_FRONT])))[2]
    assert cropped.size[0] * cropped.mm_per_pixel < 0.98 * whole.size[0] * whole.mm_per_pixel


def test_slices_are_numbered_as_in_the_file():
    stack = SliceStack.of(*vars(stored(*head([RIGHT_FRONT]), flips=(True, False, False))).values())
    assert [stack.number(index) for index in (0, 8)] == [9, 1]
    assert [stack.index_of(stack.index_of(index)) for index in range(9)] == list(range(9))


def test_a_lesion_without_a_and_b_shows_its_largest_slice():
    hu, labels = head([(4, (2, 6), (40, 44), (30, 34)), (4, (5, 6), (36, 48), (26, 38))])
    case = stored(hu, labels)
    lesions = case.measurements()["lesions"]
    assert not lesions[0]["tada"]["applicable"]
    assert key_slices(SliceStack.of(case.ct, case.mask), lesions, 4) == [5]


def test_spread_keeps_what_was_chosen_and_reaches_both_ends():
    picked = spread([50], range(100), 7)
    assert len(picked) == 7
    assert 50 in picked
    assert picked[0] < 15
    assert picked[-1] > 85
    assert spread([3], [2, 3, 4], 9) == [2, 3, 4]
