"""The game between rewards and policies: no-regret players, reward classes and policy players."""
