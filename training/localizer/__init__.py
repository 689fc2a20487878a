"""The stages that train adapters and heads.

run             a recipe -> trained parts
check           two steps of it
stage           batches of stored features
live_stage      batches through the tower
features        pictures -> stored features
feature_folder  what they were made from
projection      the first text projection
calibrate       scores of normals -> calibration
data            rows of a data set
sifting         rows that cannot be used
"""
