"""What a message tells beside what it asks.

scales          a real size: of the picture, of the object, of a pixel
posed           choices, suppositions and objections: what is put to the assistant to take a stand on
choices         the alternatives that a question offers
kind_words      the kind that a few words name
asked_language  the language that an answer is asked for in
told_domain     that the picture is a scan of a patient, or none
"""
