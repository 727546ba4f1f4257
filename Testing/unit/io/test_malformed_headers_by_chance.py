"""Headers made up by chance: every one is read as a volume, or refused as an input."""

import struct

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from malformed_nifti import whole
from malformed_text_headers import meta, nrrd

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io import read_ct

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

numbers = st.one_of(st.integers(-10, 12), st.integers(-(2**70), 2**70), st.floats()).map(str)
values = st.one_of(
    st.lists(numbers, max_size=9).map(" ".join),
    st.lists(st.tuples(numbers, numbers, numbers).map(lambda v: f"({','.join(v)})"), max_size=4).map(
        " ".join
    ),
    st.text(st.characters(codec="utf-8"), max_size=20),
)


def read_or_refuse(path):
    try:
        assert read_ct(path).voxels.ndim == 3
    except InputError as error:
        assert error.message
        assert error.hint


@FEW
@given(
    field=st.sampled_from(
        ["type", "dimension", "space", "sizes", "space directions", "kinds", "endian", "encoding",
         "space origin", "byte skip", "line skip", "data file", "spacings", "space dimension"]
    ),
    value=values,
)  # fmt: skip
def test_a_nrrd(tmp_path, field, value):
    read_or_refuse(nrrd({field: value})(tmp_path))


@FEW
@given(
    field=st.sampled_from(
        ["ObjectType", "NDims", "BinaryData", "BinaryDataByteOrderMSB", "CompressedData", "TransformMatrix",
         "Offset", "ElementSpacing", "DimSize", "ElementType", "ElementDataFile", "HeaderSize",
         "CompressedDataSize", "ElementNumberOfChannels"]
    ),
    value=values,
)  # fmt: skip
def test_a_metaimage(tmp_path, field, value):
    read_or_refuse(meta({field: value})(tmp_path))


@FEW
@given(at=st.integers(0, 340), patch=st.one_of(st.binary(min_size=1, max_size=12), st.floats(width=32)))
def test_a_nifti(tmp_path, at, patch):
    content = bytearray(whole())
    piece = struct.pack("<f", patch) if isinstance(patch, float) else patch
    content[at : at + len(piece)] = piece
    (tmp_path / "ct.nii").write_bytes(content)
    read_or_refuse(tmp_path / "ct.nii")
