"""What a person works on: sessions, their pictures, how they are judged and talked about. Knows no gradio.

engine          the assistant, which may still be loading
loading         loads it and warms it up
uploads         files that strangers send -> pictures and profiles
planes          the plane of a scan that is in view
thresholds      another threshold on a picture that was judged
sessions        what is kept of each person
questions       questions cleaned, suggested and pointed
conversations   opened, paced, marked where they go wrong
other_pictures  further pictures of a session, for questions that compare
workbench       what a person does to pictures
"""
