"""How far two or more raters agree, and what they agree on by chance.

Quote them together: `kappa` alone fails a fine judge where one class is rare, `gwet` alone hides that it never finds
that class, so `recall` says how much of it was found. `resampled` has the intervals of both for a rare class or few
items, where their own are too bold. `krippendorff` is for more than two raters, missing ratings, or ordered scores.
"""
