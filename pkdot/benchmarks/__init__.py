"""Time and memory of the kit beside its peers; each measurement writes a page of Markdown.

frame                options, one thread, page and exit status that all of them share
features             features of a frozen backbone, cached against computed in every batch
gpu                  the loss and many students on a GPU
preparation          clips, prepared against plainly decoded
scaling              what grows with windows, cells and workers; ten million clips on paper
scheduler            100,000 cells on a simulated cluster
shift                the released script's shift of each similarity matrix, by its gradient
training             students one by one and many at once; the share of distillation
training_peers       one student in a plain torch loop, and in Lightning's
training_students    what is measured there: students and teachers on features
transport            the divergence and the plan, against GeomLoss and POT
transport_problems   the rows that transport is measured on
transport_page       the page of transport
"""
