"""Who does the work of a batch run.

jobs        what a worker is told
units       work cut into chunks
machine     cores, memory and devices
frames      messages between processes
worker      one process that inspects
decoding    pictures decoded and prepared ahead
workbench   pictures -> rows in a worker
fleet       processes on this machine
ray_engine  processes of a Ray cluster
"""
