"""Files to take away.

html_report  one picture, its result and its conversation as a file that opens offline
exports      rows, masks, overlays, and corrections as a data set
"""
