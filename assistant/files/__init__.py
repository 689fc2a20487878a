"""What stands in text files and folders: words, rows and names, as people's programs write them. Opens no picture.

text       bytes -> text, in whatever encoding it was saved
tables     CSV as spreadsheets write it -> rows
yaml_text  YAML -> values
named_secrets  lines name:secret -> pairs
folders    folders and patterns -> names of files
whole      files that appear whole or not at all
"""
