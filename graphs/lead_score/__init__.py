"""Lead score: what is known of a lead in, a score from 0 to 100, its band and the reasons out."""
