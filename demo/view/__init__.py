"""What is seen of a session: words, pictures, layout. Changes nothing.

words     results as words, tables and small pieces of HTML
drawing   results as pictures
style     theme and CSS; the sheet, and JavaScript, lie in browser/
inputs    components that take files
page      what is on the page and where
viewer    the picture in view, and what is drawn on it
sent_files  what the browser is sent to
strip     the small pictures
slices    the slice of a scan in view, as the viewer takes it
scan_words  the result of a scan as words and tables
painting  a session -> new values of the components
overview  the table of all pictures
chips     how the picture in view is judged, changed where it stands
whole_project  where that table stands, and the steps from picture to picture
drop_words  how far files dropped together are, and what is asked of them
folder_words   how far the inspection of a folder is
browser_files  what lies in browser/
"""
