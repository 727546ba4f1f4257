"""The fitted numbers, what is made of them, and the detector's word."""

import json

import numpy as np
import pytest

from ICHSegmentationLib.labels import SUBTYPES
from ICHSegmentationLib.subtypes.classifier import PARAMETERS, LogisticModel, Parameters, fitted
from ICHSegmentationLib.subtypes.detector import weighed
from ICHSegmentationLib.subtypes.part_features import CUBE_FEATURES, FEATURES

MODEL = LogisticModel(
    features=("height", "width"),
    classes=("tall", "wide"),
    mean=np.array([10.0, 5.0]),
    scale=np.array([2.0, 1.0]),
    weights=np.array([[1.0, 0.0], [0.0, 0.5]]),
    bias=np.array([0.0, 0.25]),
)


def test_chances_are_a_softmax_of_weighed_standard_numbers():
    (tall, wide) = MODEL.chances(np.array([[13.0, 6.0]]))[0]
    # (13 - 10) / 2 = 1.5; (6 - 5) / 1 * 0.5 + 0.25 = 0.75
    assert tall == pytest.approx(np.exp(1.5) / (np.exp(1.5) + np.exp(0.75)))
    assert tall + wide == pytest.approx(1)


def test_what_lies_far_out_is_no_surer_than_four_standard_deviations():
    assert np.array_equal(MODEL.chances([[1e6, 5.0]]), MODEL.chances([[18.0, 5.0]]))


def test_a_model_survives_writing_and_reading():
    again = LogisticModel.parse(json.loads(json.dumps(MODEL.to_dict())))
    assert again.features == MODEL.features and again.classes == MODEL.classes
    assert np.array_equal(again.chances([[11.0, 4.0]]), MODEL.chances([[11.0, 4.0]]))


def test_the_fitted_parameters_know_the_features_and_classes_of_the_library():
    assert fitted().subtypes.features == FEATURES
    assert fitted().subtypes.classes == tuple(label.id for label in SUBTYPES)
    assert fitted().ventricular.features == CUBE_FEATURES
    assert 0.5 <= fitted().least_confidence < 1


def test_the_fitted_parameters_say_where_they_come_from_and_are_written_as_they_are_read():
    assert {"command", "heads", "lesions"} <= set(fitted().provenance)
    assert Parameters.read().to_json() == PARAMETERS.read_text(encoding="utf-8")


def test_the_detectors_word_is_weighed_by_the_lesions_area_on_each_slice():
    chances = np.array([0.5, 0.3, 0.2])
    detector = {"one": np.array([0.0, 1.0]), "two": np.array([1.0, 0.2])}
    found = weighed(chances, ("one", "two", "unheard"), detector, np.array([0.0, 4.0]))
    product = np.array([0.5 * 1.15, 0.3 * 0.35, 0.2 * 0.65])
    assert found == pytest.approx(product / product.sum())
    elsewhere = weighed(chances, ("one", "two", "unheard"), detector, np.array([3.0, 1.0]))
    product = np.array([0.5 * 0.40, 0.3 * 0.95, 0.2 * 0.65])
    assert elsewhere == pytest.approx(product / product.sum())
