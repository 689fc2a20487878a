"""Broken files for every reader: none may end in a traceback, hang, or take more memory than it ought to.

seeds         whole files of every kind
volume_seeds  whole volumes
mutations     a whole file -> a broken one
readers       what reads them
trial         cases run in a process that is watched
"""
