"""One helper class for each real server or client that the tests use."""
