"""Under which terms each open corpus may be used, and whom to cite."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """What somebody must know before using a corpus.

    Attributes:
        title: name of the corpus, in full.
        licence: short name of its licence.
        link: the licence's text.
        conditions: what it asks, one sentence.
        citation: what to cite.
        home: where the corpus is published.
    """

    title: str
    licence: str
    link: str
    conditions: str
    citation: str
    home: str

    def render(self) -> str:
        """The terms as plain text."""
        return "\n".join(
            [
                self.title,
                f"  from:    {self.home}",
                f"  licence: {self.licence}, {self.link}",
                f"           {self.conditions}",
                f"  cite:    {self.citation}",
            ]
        )


TERMS = {
    "fsdd": Terms(
        title="Free Spoken Digit Dataset (FSDD), version 1.0.10",
        licence="CC BY-SA 4.0",
        link="https://creativecommons.org/licenses/by-sa/4.0/",
        conditions="Name its authors; pass on what you change under the same licence.",
        citation="Z. Jackson et al., Free Spoken Digit Dataset, v1.0.10, 2020, "
        "https://github.com/Jakobovski/free-spoken-digit-dataset.",
        home="https://github.com/Jakobovski/free-spoken-digit-dataset",
    ),
    "ravdess": Terms(
        title="Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS)",
        licence="CC BY-NC-SA 4.0",
        link="https://creativecommons.org/licenses/by-nc-sa/4.0/",
        conditions="Name its authors; no commercial use; pass on what you change under the same "
        "licence.",
        citation="S. R. Livingstone and F. A. Russo, The Ryerson Audio-Visual Database of "
        "Emotional Speech and Song (RAVDESS), PLoS ONE 13(5): e0196391, 2018, "
        "doi:10.1371/journal.pone.0196391.",
        home="https://zenodo.org/records/1188976",
    ),
    "cremad": Terms(
        title="Crowd-sourced Emotional Multimodal Actors Dataset (CREMA-D)",
        licence="ODbL 1.0, its contents under DbCL 1.0",
        link="https://opendatacommons.org/licenses/odbl/1.0/",
        conditions="Name the database; pass on a database made from it under the same licence.",
        citation="H. Cao, D. G. Cooper, M. K. Keutmann, R. C. Gur, A. Nenkova and R. Verma, "
        "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset, IEEE Transactions on "
        "Affective Computing 5(4): 377–390, 2014, doi:10.1109/TAFFC.2014.2336244.",
        home="https://github.com/CheyneyComputerScience/CREMA-D",
    ),
}
"""Name of a corpus -> its terms."""
