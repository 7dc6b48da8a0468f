"""Opening addresses: http and https, nothing else."""

import urllib.request


def web_opener() -> urllib.request.OpenerDirector:
    """Returns what opens http and https addresses, and follows redirects to such ones only."""
    # urllib's own opener would follow a redirect to ftp:// or file://.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener
