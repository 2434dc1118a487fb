"""What a hub gets: the lines of a block cut into messages, and the hub they go to (design 8)."""
