#!/usr/bin/env bash
# highdicom 0.28.2: a segmentation carries the patient's history of its source, comments, occupation and allergies included, though none is needed.
#
# Seen: a Segmentation of a CT slice whose header holds PatientComments, Occupation, Allergies, AdditionalPatientHistory and
# PatientWeight holds them too, word for word, though the standard asks a segmentation for four attributes of the patient
# (name, identifier, date of birth, sex) and the constructor's arguments name none of the others. InstitutionName, which belongs to the
# equipment, is left behind. A tool that writes its finding beside a scan, and thinks of its own fields alone, hands on free text about a
# person.
# Why: base.SOPClass.copy_patient_and_study_information takes over every attribute of the modules Patient, General Study, Patient Study and
# Clinical Trial Subject or Study that stands in the first source image (highdicom, base.py), so that the object files under the same patient
# and study; there is no switch.
# What to do: give it copies of the source headers that hold only what the object must state, or delete the rest before saving.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check highdicom==0.28.2 pydicom==3.0.2
cat >"$work/carried.py" <<'PYTHON'
import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

CARRIED = {
    "PatientComments": "free words",
    "Occupation": "baker",
    "Allergies": "pollen",
    "AdditionalPatientHistory": "earlier findings",
    "PatientWeight": 70,
}
LEFT = {"InstitutionName": "a house"}

source = Dataset()
source.file_meta = FileMetaDataset()
source.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
source.SOPClassUID, source.SOPInstanceUID = CTImageStorage, generate_uid()
source.StudyInstanceUID, source.SeriesInstanceUID = generate_uid(), generate_uid()
source.FrameOfReferenceUID, source.PositionReferenceIndicator = generate_uid(), ""
source.PatientName, source.PatientID, source.PatientBirthDate, source.PatientSex = "Phantom^", "1", "", ""
source.StudyDate = source.StudyTime = source.StudyID = source.AccessionNumber = source.ReferringPhysicianName = ""
source.Modality, source.Rows, source.Columns, source.SliceThickness = "CT", 8, 8, 1
source.PixelSpacing, source.ImagePositionPatient, source.ImageOrientationPatient = [1, 1], [0, 0, 0], [1, 0, 0, 0, 1, 0]
source.SamplesPerPixel, source.PhotometricInterpretation, source.PixelRepresentation = 1, "MONOCHROME2", 0
source.BitsAllocated = source.BitsStored = 16
source.HighBit, source.PixelData = 15, np.zeros((8, 8), np.uint16).tobytes()
for name, value in {**CARRIED, **LEFT}.items():
    setattr(source, name, value)

mask = np.zeros((1, 8, 8), np.uint8)
mask[0, 2:5, 2:5] = 1
lesion = hd.seg.SegmentDescription(
    1, "mark", codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion, hd.seg.SegmentAlgorithmTypeValues.MANUAL
)
made = hd.seg.Segmentation(
    [source], mask, hd.seg.SegmentationTypeValues.BINARY, [lesion], generate_uid(), 1, generate_uid(), 1, "M", "N", "1", "2"
)
for name, value in CARRIED.items():
    assert made.get(name) == value, f"{name} is not carried over any more: {made.get(name)!r}"
    print(f"{name}: {made.get(name)}")
for name in LEFT:
    assert name not in made, f"{name} is carried over now"
PYTHON
"$work/venv/bin/python" "$work/carried.py"
echo "as described: what the source says of the patient stands in the segmentation"
