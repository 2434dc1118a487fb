"""One module per kind of record; `devices.recording.registry` lists them."""
