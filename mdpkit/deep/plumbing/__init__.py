"""Components of the learners: networks, encodings, policies, replay buffers, checkpoints, progress."""
