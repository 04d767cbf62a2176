"""mdpkit: theorems about decision making, doubted by machine."""
