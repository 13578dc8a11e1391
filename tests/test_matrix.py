"""The matrix: every operation x case x dtype x pair of participants x quantity, in the real frameworks."""


def test_matrix(equivalence_comparison):
    equivalence_comparison.check()
