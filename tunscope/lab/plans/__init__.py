"""The labs, one module each: data only."""
