"""Ready topologies in private namespaces, with traffic."""
