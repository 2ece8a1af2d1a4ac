"""The ImageRecycle v1 web API: its wire format without I/O, and a client over requests."""
