"""What is not told: what a picture does not show, and what others decide.

things    things that no picture tells, found by the words that name them; ``things.yaml`` lists them
refusals  the reason, what would tell, and the fact that comes nearest
scans     what is asked of scans
"""
