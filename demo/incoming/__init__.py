"""What people send.

uploads  files that strangers send -> pictures and profiles
nameless a DICOM file without what it says of people
camera   the operator's camera -> pictures
planes   where a picture comes from: a file, or a plane of one
"""
