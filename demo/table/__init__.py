"""All pictures of a project as lines, those of a folder too: chosen, sorted, counted. Knows neither sessions nor gradio.

lines      one picture as a line
choice     which lines are looked at, in which order, and where the threshold is
counts     scores in bins; normal ones called anomalous and defective ones missed
folder_rows  rows of a folder's run -> lines, as they are written
spreadsheet  lines as CSV that no spreadsheet takes for formulas
"""
