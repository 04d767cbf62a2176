"""What was found out about a claim, as it is stored, tabled and drawn."""
