"""What events of other services mean here. Facts are written, and timers ring for the requests that they may decide about."""
