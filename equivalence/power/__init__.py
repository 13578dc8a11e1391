"""Power: would the cases notice a fault? Every fault of a reference, and every mutation of a binding's data.

A fault is a changed version of a reference, a mutation one changed word in a binding's data. Each is run through the
operation's own cases and judged as the matrix judges. One that no case tells from the original survives, and a case
that would reveal it is searched.
"""
