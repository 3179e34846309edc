"""A readiness probe over HTTP."""

from http.client import HTTPConnection, HTTPException


def answers_ok(host: str, port: int, path: str) -> bool:
    """Whether a GET of `path` is answered with 200."""
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
