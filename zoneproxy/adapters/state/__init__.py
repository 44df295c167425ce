"""What survives a restart: whose stored objects are (`bindings`), orders, bundles and their revisions."""
