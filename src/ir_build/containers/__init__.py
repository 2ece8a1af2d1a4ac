"""How files of the formats are put together: one reader and writer a container."""
