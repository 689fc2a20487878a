"""Exported files.

html_report    one picture, its result and its conversation as a file that opens offline
exports        row, mask and overlay of one picture
whole_project  all of a project
all_pictures   all pictures as CSV and as one report
corrected_set  corrected pictures as a data set, and as annotation tools want it
"""
