"""Two rates inside strata (segments, stages, departments): one honest pooled figure, and when there is none.

`table` holds the counts, `risk_difference` and `odds_ratio` pool them, `homogeneity` asks whether pooling is allowed,
`simpson` whether the crude comparison lies.
"""
