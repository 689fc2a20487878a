"""What a person works on: sessions, their pictures, how they are judged, corrected and talked about. Knows no gradio.

thresholds      another threshold on a picture that was judged
sessions        what is at hand of each person
session_store   sessions by id, and the projects behind them
keeping         a session -> documents of its project, and back
questions       questions cleaned, suggested and pointed
conversations   opened, paced, marked where they go wrong
other_pictures  further pictures of a session, for questions that compare
correcting      what a person said of a picture, applied to its result
alongside       the nearest reference, laid over the picture in view
drops           files dropped together, and why they wait
closely         what a closer look found, small enough to keep
asked_closer    what one would cost
judging         how a picture is judged
closer          closer looks, taken behind the scenes
pictures        pictures added, brought into view, taken off
setups          references, profiles and details
scans           whole scans: added, looked at once, leafed through
workbench       corrections and questions
"""
