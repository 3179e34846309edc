"""Single sign-on: what a provider says of a person, judged, and whose session it is."""
