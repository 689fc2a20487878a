"""Who does the work of a batch run.

jobs              what a worker is told
units             work cut into chunks
machine           cores, memory and devices
frames            messages between processes
worker            one process that inspects
decoding          pictures decoded and prepared ahead
findings          what a worker has found out so far
unit_inspector    pictures -> outcomes in a worker
volume_inspector  whole volumes -> rows in a worker
fleet             processes on this machine
ray_engine        processes of a Ray cluster
"""
