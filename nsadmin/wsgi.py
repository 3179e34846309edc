"""The WSGI application that a web server loads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")

application = get_wsgi_application()

from nsadmin.checks import refuse_to_serve_unready  # noqa: E402 - needs django.setup()

refuse_to_serve_unready()
