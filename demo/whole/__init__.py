"""What concerns all pictures of a project at once, and a folder that the operator allows.

listed      a session and its folder -> lines of the table
marking     pictures marked good or bad, stepped through, brought into view
allowed     the folder of the operator, and what lies in it
folder_run  a folder inspected, in small steps between what people look at
runs        the runs of a server: begun, stopped, gone on with after a kill
"""
