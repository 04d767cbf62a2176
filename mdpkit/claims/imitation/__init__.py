"""What a learner loses by imitating."""
