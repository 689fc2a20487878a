"""Recorded speech -> the words that were said, to be shown and put right before they count. Keeps no recording.

recording   bytes of a file -> samples, within limits; what is broken or silent is told
hints       the words that a question about a picture is likely to hold
transcript  what was heard, and how sure that is
recogniser  samples -> words, by Whisper through faster-whisper
hearing     a recogniser for doors that run for long, loaded at its first use
"""
