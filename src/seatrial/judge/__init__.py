"""Judges: versioned model judges that compare two versions' answers, and the verdicts they leave behind."""
