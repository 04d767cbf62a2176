"""The game between rewards and policies: no-regret players, classes of rewards, and players that answer with a policy."""
