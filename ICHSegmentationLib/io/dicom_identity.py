"""What of a DICOM header tells who a patient is."""

from pydicom.dataset import Dataset

_GROUPS = (0x0010, 0x0012, 0x0032, 0x0038, 0x0040)
"""The patient; a clinical trial; requests; visits; procedures."""

_ELEMENTS = (
    "AccessionNumber", "IssuerOfAccessionNumberSequence", "StudyID", "StudyDescription", "SeriesDescription",
    "ProtocolName", "DeviceSerialNumber", "InstitutionName", "InstitutionAddress",
    "InstitutionalDepartmentName",
    "InstitutionCodeSequence", "StationName", "ReferringPhysicianAddress",
    "ReferringPhysicianTelephoneNumbers", "ReferringPhysicianIdentificationSequence",
    "ConsultingPhysicianIdentificationSequence", "PhysiciansOfRecordIdentificationSequence",
    "PerformingPhysicianIdentificationSequence", "PhysiciansReadingStudyIdentificationSequence",
    "OperatorIdentificationSequence", "AdmittingDiagnosesDescription", "AdmittingDiagnosesCodeSequence",
    "ReferencedPatientSequence", "ReferencedStudySequence", "ReferencedPerformedProcedureStepSequence",
    "DerivationDescription", "ImageComments", "FrameComments",
)  # fmt: skip


_KINDS = ("PN", "DA", "TM", "DT")
"""Value representations of names, dates and times."""


def remove_identity(header: Dataset) -> None:
    """Take out of a header, in place, what names the patient or people around them, or could.

    These are elements of PS3.15, table E.1-1, that objects made from a scan could take over. UIDs stay: by
    them an object refers to its scan.
    """
    for element in list(header):
        tag = element.tag
        if tag.group in _GROUPS or tag.is_private or element.VR in _KINDS or element.keyword in _ELEMENTS:
            del header[tag]
