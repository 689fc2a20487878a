"""What outlives a page: projects in one SQLite file, their pictures as files beside it. Knows neither pictures nor models.

database  the SQLite file
project   documents and files of one project
shelf     all projects: made, found, listed, renamed, removed
"""
