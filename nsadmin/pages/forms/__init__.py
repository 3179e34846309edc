"""Forms: they read and keep what was typed; what it means is judged by the rooms."""
