"""E-mail compose: one outreach e-mail for one contact, validated, refined within bounds."""
