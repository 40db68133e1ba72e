"""A trained student in use, where privileged modalities are missing.

facts    what a record must say beside the weights
loaded   the student of a record as a module
card     its model card
predict  answers for new recordings, in a stream
export   a file for other programs
"""
