r"""Arrays that carry a bound on their own rounding error through NumPy's functions.

This is running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 2002, section 3.3)
to first order: each number :math:`v` comes with a bound :math:`e` on how far a correct computation in a precision of
unit roundoff :math:`u` may be from it. A function passes the bounds of its arguments on by its derivative and adds its
own rounding:

.. math:: e_{a + b} = e_a + e_b + u\,(|a + b| + m_a - |a| + m_b - |b|), \qquad
    e_{ab} = |a| e_b + |b| e_a + e_a e_b + u |ab|, \qquad
    e_{f(a)} = |f'(a)| e_a + c u |f(a)|

The size :math:`m` of a sum is the sum of the sizes of its terms, not its absolute value, so that the bound holds for
whatever order a framework adds in; elsewhere it is the absolute value. Each result may also lose the smallest normal
number, and an argument all of itself if it is below that, because a framework may flush denormals.
"""

from equivalence.uncertain import rules as rules
from equivalence.uncertain.array import PEAK, Uncertain, as_uncertain, value_of

__all__ = ["PEAK", "Uncertain", "as_uncertain", "value_of"]
