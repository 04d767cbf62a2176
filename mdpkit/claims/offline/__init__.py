"""What can be learned from data that somebody else collected."""
