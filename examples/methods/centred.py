"""A method of your own, as ``your_own_distiller.py`` uses it: one class in one file."""

from pkdot.distillers import Distiller


class CentredEmbeddings(Distiller):
    """Mean of (Z_T − mean Z_T − (Z_S − mean Z_S))²; for embeddings of one width."""

    name = "centred"
    title = "centred embeddings"

    def loss(self, teacher, student, targets):
        difference = teacher.embedding - student.embedding
        return (difference - difference.mean(0)).square().mean()
