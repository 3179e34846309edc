"""Mail, over a real server on this machine."""
