"""Country classification: what a sales system knows of a company in, the country it sits in out, or null."""
