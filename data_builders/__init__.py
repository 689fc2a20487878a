"""Builders of data sets: pictures with known defects, conversations about them, other layouts read and written."""
