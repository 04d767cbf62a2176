"""Value gaps of imitation learning."""
