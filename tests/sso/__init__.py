"""Single sign-on: settings, whose session an identity opens, both protocols."""
