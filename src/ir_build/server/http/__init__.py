"""The server's endpoints, and HTTP around them."""
