"""Where mails go: a server, within a time limit, or a folder of files."""
