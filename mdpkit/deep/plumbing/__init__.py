"""What the learners share: networks, encodings of states, policies, replay buffers, checkpoints, progress."""
