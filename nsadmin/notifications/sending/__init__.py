"""From events to messages: who is told, what they read, and the attempts to send."""
