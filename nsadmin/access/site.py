"""The address of the pages, for mails, messages and commands: they have no request."""

from django.conf import settings


def site() -> str:
    """Return the address of the pages, without a slash; empty if it is not known.

    It is the first entry of NSADMIN_ALLOWED_HOSTS that stands for one place.
    """
    for host in map(str, settings.NSADMIN_ALLOWED_HOSTS):
        if host and not host.startswith(".") and "*" not in host:
            scheme = "http" if settings.NSADMIN_INSECURE_HTTP else "https"
            return f"{scheme}://{host}"
    return ""


def handing_over(path: str, then: str) -> str:
    """Return the words and the link with which a command hands a page over.

    `then` is what the link does; the link is a bare path if the address is not known.
    """
    known = site()
    after = "" if known else ", after the address of this server"
    return f"Send them this link{after}; {then}\n{known}{path}"
