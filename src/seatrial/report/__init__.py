"""Reports: one frozen view of a verdict, and the surfaces that show it without computing anything."""
