"""Feedback: does production agree with the confidence that classifiers stated?

units = judge(decisions, outcomes, rules, metrics, now=now)      # join by thread, polarity, maturity
evidence = collect(units, rules, year)                           # counts and sums per row of the family
decision = decide([evidence], rules, ...)                        # one family per source, one verdict

Everything here is a pure function of tables and values: files, databases, servers and the clock come in as arguments.
"""
