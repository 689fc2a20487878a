"""Whole scans on the page: taken from files, kept without what they say of people, looked at once, shown slice by slice.

dropped  uploaded files, archives among them -> scans and pictures
kept     a scan as one file of a project, and back
look     what a scan's slices say, encoded once; another threshold needs no second look
shown    a slice as it is drawn: grey values, heat, regions, letters of its edges, scores along the axis
"""
