"""The stages that train adapters and heads, and weigh the experts.

run                 a recipe -> trained parts
check               two steps of it
stage               batches of stored features
live_stage          batches through the tower
fresh_stage         batches encoded in the step
encoding            pictures -> features
changed             pictures changed by chance
features            features of a set, batches of them
feature_store       shards of features on disk
feature_folder      which run features are of
projection          the first text projection
calibrate           scores of normals -> calibration
data                rows of a data set
shares              how much of an epoch each data set is
streamed            rows of sets that are streamed
sifting             rows that cannot be used
run_weigh           a recipe -> weighed parts
product_statistics  products -> what the experts say
weigh               statistics -> weights and priors
"""
