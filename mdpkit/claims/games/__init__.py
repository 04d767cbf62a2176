"""What several players can gain by deviating."""
