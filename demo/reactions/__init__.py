"""What happens when a person does something on the page: a session changes, components get new values.

tabs         tabs of a browser, each on a project of its own
base         what all reactions stand on: do it, paint it, or say what was wrong
scans        whole scans: looked at with progress, leafed through, windowed
drops        files dropped together, stopped and asked about
looks        pictures, planes, threshold, references, details
talks        questions
voice        a question that is said
live         the operator's camera, and the browser's webcam
corrections  regions rejected, renamed, drawn, taken back
projects     projects opened, named, exported, removed
whole        all pictures at once: the table, marks, the report, the operator's folder
"""
