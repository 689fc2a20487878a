"""Any training run: loop, record, results.

recipe         what a run is asked to do
loop           steps, validation, checkpoints
plans          whose batches come next
streaming      batches of data sets that are streamed
loading        batches read ahead
sharding       parameters over several processes
losses         of the map and of words
processes      ranks of a distributed run
clock          where the time goes
trackers       curves for a person
folder         checkpoints of a run
record         what a run was
continuation   whether a call may go on with a run
recorded_run   a run with its record kept
cards          what trained parts say of themselves
trained_parts  folders of trained parts
preset_folder  trained parts -> a preset
check_report   what a check of a recipe finds
"""
