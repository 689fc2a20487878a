"""What is seen of a session: words, pictures, layout. Changes nothing.

words     results as words, tables and small pieces of HTML
drawing   results as pictures
style     theme and CSS
inputs    components that take files
page      what is on the page and where
painting  a session -> new values of the components
"""
