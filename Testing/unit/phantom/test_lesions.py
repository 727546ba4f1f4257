"""Lesions in a head that is no phantom: an analytic ellipsoid with ventricles and a rim of fluid."""

import numpy as np
import pytest
from scipy import ndimage

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.labels import SUBTYPES
from ICHSegmentationLib.phantom import Anatomy, anatomy_of, lesion, paint

SHAPE, SPACING = (28, 90, 80), (5.0, 2.0, 2.0)
IDS = [label.id for label in SUBTYPES]
VOLUMES = {
    "intraparenchymal": 20.0,
    "intraventricular": 8.0,
    "subarachnoid": 6.0,
    "subdural": 40.0,
    "epidural": 30.0,
}
SEEDS = range(4)


def _ellipsoid(half, centre=(0.0, 0.0, 0.0), sides=(1,)):
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    inside = np.zeros(SHAPE, dtype=bool)
    for side in sides:
        cz, cy, cx = centre
        inside |= ((z - cz) / half[0]) ** 2 + ((y - cy) / half[1]) ** 2 + ((x - side * cx) / half[2]) ** 2 < 1
    return inside


@pytest.fixture(scope="module")
def a_head():
    brain = _ellipsoid((66, 84, 68))
    ventricles = _ellipsoid((12, 30, 8), (5, 0, 12), sides=(-1, 1))
    csf = brain & ~_ellipsoid((63, 80, 64))
    return Anatomy(brain, ventricles, csf, SPACING)


@pytest.mark.parametrize("subtype", IDS)
def test_a_lesion_reaches_the_volume_to_the_voxel(a_head, subtype):
    field = lesion(subtype, a_head, np.random.default_rng(0), VOLUMES[subtype])
    assert field.mask.sum() == round(VOLUMES[subtype] / 0.02)
    assert field.label.id == subtype


@pytest.mark.parametrize("subtype", IDS)
def test_the_same_seed_gives_the_same_lesion(a_head, subtype):
    one, two = (lesion(subtype, a_head, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.mask, two.mask)
    assert np.array_equal(one.hu, two.hu)


@pytest.mark.parametrize("subtype", IDS)
def test_the_edge_is_half_or_more_exactly_in_the_mask(a_head, subtype):
    field = lesion(subtype, a_head, np.random.default_rng(1), VOLUMES[subtype])
    assert np.array_equal(field.edge >= 0.5, field.mask)
    assert field.edge.min() >= 0 and field.edge.max() <= 1
    assert not field.edge[~a_head.brain].any()


@pytest.mark.parametrize("subtype", ["intraparenchymal", "subdural", "epidural"])
def test_a_lesion_ends_softly_between_thick_slices(a_head, subtype):
    field = lesion(subtype, a_head, np.random.default_rng(1), VOLUMES[subtype])
    assert ((field.edge > 0.1) & (field.edge < 0.9)).sum() > 0.1 * field.mask.sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_intraparenchymal_blood_lies_in_tissue_away_from_table_and_ventricles(a_head, seed):
    mask = lesion("intraparenchymal", a_head, np.random.default_rng(seed), 20.0).mask
    assert not (mask & a_head.ventricles).any()
    assert a_head.depth[mask].min() > 2


@pytest.mark.parametrize("seed", SEEDS)
def test_intraventricular_blood_stays_in_the_ventricles(a_head, seed):
    mask = lesion("intraventricular", a_head, np.random.default_rng(seed), 8.0).mask
    assert not (mask & ~a_head.ventricles).any()


def test_intraventricular_blood_that_asks_for_more_fills_the_ventricles(a_head):
    mask = lesion("intraventricular", a_head, np.random.default_rng(0), 500.0).mask
    assert np.array_equal(mask, a_head.ventricles)


def test_most_intraventricular_blood_settles_at_the_back(a_head):
    rows = [
        np.nonzero(lesion("intraventricular", a_head, np.random.default_rng(seed), 2.0).mask)[1].mean()
        for seed in range(9)
    ]
    assert np.median(rows) > np.nonzero(a_head.ventricles)[1].mean() + 4


@pytest.mark.parametrize("seed", SEEDS)
def test_subarachnoid_blood_is_thin_and_lies_in_fluid(a_head, seed):
    mask = lesion("subarachnoid", a_head, np.random.default_rng(seed), 6.0).mask
    assert (mask & a_head.csf).sum() == mask.sum()
    thickness = 2 * ndimage.distance_transform_edt(mask, sampling=SPACING).max()
    assert thickness < 12  # a ball of this volume would be 22 mm thick


@pytest.mark.parametrize("seed", SEEDS)
def test_a_little_subarachnoid_blood_stays_in_one_place(a_head, seed):
    places = np.argwhere(lesion("subarachnoid", a_head, np.random.default_rng(seed), 1.0).mask) * SPACING
    from_centre = np.linalg.norm(places - places.mean(axis=0), axis=1)
    assert np.sqrt((from_centre**2).mean()) < 12  # mm


@pytest.mark.parametrize("subtype", ["subdural", "epidural"])
@pytest.mark.parametrize("seed", SEEDS)
def test_large_extra_axial_blood_touches_the_inner_table(a_head, subtype, seed):
    mask = lesion(subtype, a_head, np.random.default_rng(seed), VOLUMES[subtype]).mask
    surface = a_head.brain & (a_head.depth < 2)
    assert (mask & surface).sum() > 0.08 * mask.sum()


def test_subdural_blood_is_a_crescent_and_epidural_blood_a_lens(a_head):
    """A lens is nearly convex in each slice, a crescent along the table is not; it is longer and thinner."""
    solid, thick = {}, {}
    for subtype in ("subdural", "epidural"):
        masks = [lesion(subtype, a_head, np.random.default_rng(s), 30.0).mask for s in range(6)]
        solid[subtype] = np.median([_solidity(m) for m in masks])
        thick[subtype] = np.median([_thickness_over_length(m) for m in masks])
    assert solid["epidural"] > 0.85
    assert solid["epidural"] > solid["subdural"] + 0.05
    assert thick["epidural"] > 1.7 * thick["subdural"]


def test_epidural_blood_bulges_inwards(a_head):
    """Biconvex: the chord between its ends passes through blood, with blood on its inner side."""
    mask = lesion("epidural", a_head, np.random.default_rng(2), 30.0).mask
    plane = mask[mask.sum(axis=(1, 2)).argmax()]
    depth = a_head.depth[mask.sum(axis=(1, 2)).argmax()]
    points = np.argwhere(plane)
    centre = points.mean(axis=0).round().astype(int)
    assert plane[tuple(centre)]
    ends = points[depth[plane] < 3]
    spread = np.linalg.norm(ends[:, None] - ends[None], axis=-1)
    first, last = np.unravel_index(spread.argmax(), spread.shape)
    chord_middle = (ends[first] + ends[last]) / 2
    deepest = points[depth[plane].argmax()]
    assert depth[plane].max() > depth[tuple(chord_middle.round().astype(int))]
    assert np.linalg.norm(deepest - chord_middle) > 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_subdural_blood_does_not_cross_the_midline(a_head, seed):
    columns = np.nonzero(lesion("subdural", a_head, np.random.default_rng(seed), 40.0).mask)[2]
    middle = (SHAPE[2] - 1) / 2
    assert columns.min() > middle or columns.max() < middle


@pytest.mark.parametrize("subtype", IDS)
def test_blood_has_the_density_of_blood_over_many_lesions(a_head, subtype):
    means = []
    for seed in range(10):
        field = lesion(subtype, a_head, np.random.default_rng(seed), VOLUMES[subtype])
        means.append(field.hu[field.mask].mean())
    assert 45 <= np.median(means) <= 70
    assert min(means) > 25 and max(means) < 80


def test_paint_changes_the_image_where_the_lesion_is_and_only_there(a_head):
    hu = np.full(SHAPE, 34, dtype=np.float32)
    field = lesion("epidural", a_head, np.random.default_rng(3), 30.0)
    painted = paint(hu, [field])
    assert np.array_equal(painted[field.edge == 0], hu[field.edge == 0])
    core = field.edge > 0.9999
    assert np.allclose(painted[core], field.hu[core], atol=0.01)
    assert (hu == 34).all()


def test_paint_keeps_the_noise_of_the_image(a_head):
    rng = np.random.default_rng(0)
    hu = (34 + rng.normal(0, 4, SHAPE)).astype(np.float32)
    field = lesion("epidural", a_head, np.random.default_rng(3), 30.0)
    core = field.edge > 0.9999
    texture = paint(hu, [field])[core] - field.hu[core]
    assert 2.5 < texture.std() < 4.5
    assert np.corrcoef(texture, hu[core])[0, 1] > 0.8


def test_paint_darkens_the_rim_of_an_intraparenchymal_hemorrhage(a_head):
    field = lesion("intraparenchymal", a_head, np.random.default_rng(1), 20.0)
    hu = np.full(SHAPE, 34, dtype=np.float32)
    rim = (field.edema < -4) & (field.edge == 0)
    assert rim.any()
    assert 18 < paint(hu, [field])[rim].mean() < 30


def test_fluid_spaces_are_read_off_a_scan(a_head):
    hu = np.full(SHAPE, -1000, dtype=np.float32)
    hu[ndimage.binary_dilation(a_head.brain, iterations=3)] = 1000
    hu[a_head.brain] = 34
    hu[a_head.csf | a_head.ventricles] = 6
    hu += np.random.default_rng(0).normal(0, 3, SHAPE)
    found = anatomy_of(hu, ndimage.binary_dilation(a_head.brain), SPACING)
    for name in ("ventricles", "csf"):
        truth, seen = getattr(a_head, name), getattr(found, name)
        assert 2 * (truth & seen).sum() / (truth.sum() + seen.sum()) > 0.75
    assert not (found.brain & (hu > 500)).any()


def test_a_calcification_inside_the_brain_is_no_inner_table(a_head):
    hu = np.where(a_head.brain, 34.0, 1000.0)
    deepest = np.unravel_index(a_head.depth.argmax(), SHAPE)
    plain = anatomy_of(hu, a_head.brain, SPACING)
    hu[deepest] = 300
    found = anatomy_of(hu, a_head.brain, SPACING)
    assert found.brain[deepest]
    assert np.array_equal(found.depth, plain.depth)


def test_a_head_without_ventricles_has_no_room_for_intraventricular_blood(a_head):
    none = np.zeros(SHAPE, dtype=bool)
    with pytest.raises(InputError, match="room"):
        lesion("intraventricular", Anatomy(a_head.brain, none, none, SPACING), np.random.default_rng(0))


def test_a_label_that_is_no_subtype_and_a_negative_volume_are_refused(a_head):
    with pytest.raises(InputError, match="subtype"):
        lesion("hemorrhage", a_head, np.random.default_rng(0))
    with pytest.raises(InputError, match="volume"):
        lesion("subdural", a_head, np.random.default_rng(0), -1.0)


def _solidity(mask):
    from skimage.measure import regionprops

    plane = mask[mask.sum(axis=(1, 2)).argmax()]
    return max(regionprops(plane.astype(int)), key=lambda part: part.area).solidity


def _thickness_over_length(mask):
    plane = mask[mask.sum(axis=(1, 2)).argmax()]
    points = np.argwhere(plane)
    length = np.linalg.norm(points[:, None] - points[None], axis=-1).max()
    return ndimage.distance_transform_edt(plane).max() / length
