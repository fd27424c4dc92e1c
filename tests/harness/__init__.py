"""What the Python tests share: the binary, the peers that read its tables, and how rows are written down."""
