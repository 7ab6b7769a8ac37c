"""seatrial: puts every new version of an AI workflow through its trials, and says segment by segment whether it sails."""
