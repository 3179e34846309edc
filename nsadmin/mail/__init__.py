"""Mail: what is to be sent, kept until it was sent, and how it is sent."""
